// Runs inside a network namespace: joins a Unix socket, which no namespace confines, to a port of this one's loopback.

import { connect, createServer } from "node:net";

const [path, port] = process.argv.slice(2);
const server = createServer((outside) => {
  const inside = connect(Number(port), "127.0.0.1");
  join(outside, inside);
  join(inside, outside);
});
server.listen(path, () => console.log("ready"));

function join(from, to) {
  from.pipe(to);
  from.on("error", () => to.destroy());
  from.on("close", () => to.destroy());
}
