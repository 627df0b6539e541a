// Sends one letter with nodemailer: node nodemailer.cjs '[SERVER, LETTER]', both as nodemailer wants them.
const [server, letter] = JSON.parse(process.argv[2]);

require("nodemailer")
  .createTransport(server)
  .sendMail(letter)
  .then(({ accepted, rejected }) => console.log({ accepted, rejected }))
  .catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
