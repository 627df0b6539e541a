"""Scripts and lessons: play them, judge them, check them. Their files are data and never run code.

play        a transcript on a bench; witness plays those of rules
lesson      a lesson as it is written: tables reads its data with care, setting its hosts and faults, question what it
            asks, prose its Markdown; letter is what the embedded client delivers
scene       where a task is tried: lines are played, lab commands run; items are what crossed, as goals look at it
goal        what a task asks for; clause is one thing of it, said and present look, number counts, vocabulary names
foretelling what was said to come next, and what came; grid: tables in a text, for any width
attempt     a learner in a lesson: near misses, hints, skipping, going on; progress keeps what was done
check       proves lessons; variants and walk try what nobody wrote down; skeleton begins one
"""
