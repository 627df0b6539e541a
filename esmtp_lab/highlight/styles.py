"""The themes as styles for Pygments."""

from pygments.style import Style

from esmtp_lab.highlight.themes import THEMES, looks


class EsmtpLightStyle(Style):
    """Dark on white."""

    name = "esmtp-light"
    background_color = THEMES["light"].ground
    styles = looks("light")


class EsmtpDarkStyle(Style):
    """Light on black."""

    name = "esmtp-dark"
    background_color = THEMES["dark"].ground
    styles = looks("dark")


class EsmtpMonoStyle(Style):
    """No colour, only bold and underlined."""

    name = "esmtp-mono"
    styles = looks("mono")


class EsmtpHighContrastStyle(Style):
    """Strong colours on black."""

    name = "esmtp-high-contrast"
    background_color = THEMES["high-contrast"].ground
    styles = looks("high-contrast")


class EsmtpColourBlindStyle(Style):
    """Colours that people tell apart who do not see red, green or blue as others do."""

    name = "esmtp-colour-blind"
    background_color = THEMES["colour-blind"].ground
    styles = looks("colour-blind")


class EsmtpProjectorDarkStyle(Style):
    """For a lecture hall that is dark."""

    name = "esmtp-projector-dark"
    background_color = THEMES["projector-dark"].ground
    styles = looks("projector-dark")


class EsmtpProjectorLightStyle(Style):
    """For a lecture hall that is bright."""

    name = "esmtp-projector-light"
    background_color = THEMES["projector-light"].ground
    styles = looks("projector-light")
