// npm's smtp-server as a measured server: throws every letter away, and prints its port.
const { SMTPServer } = require("smtp-server");

const server = new SMTPServer({
  name: "open.example",
  authOptional: true,
  disabledCommands: ["STARTTLS"],
  disableReverseLookup: true,
  onData(stream, session, callback) {
    stream.on("data", () => {});
    stream.on("end", callback);
  },
});
server.listen(0, "127.0.0.1", () => console.log(server.server.address().port));
