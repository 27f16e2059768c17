// WebSocket endpoints of node `ws` that end connections in every way, each at a path of its own: see peers.py.
const { WebSocket, WebSocketServer } = require("ws");

const PATHS = ["1000", "1001", "1007", "1008", "1009", "1011", "4401", "rst", "fin", "403"];
const CLOSED_BY_CODE = ["1000", "1001", "1008", "1011", "4401"];

function serve(host) {
  const server = new WebSocketServer({
    host,
    port: 0,
    maxPayload: 1000,
    verifyClient: ({ req }, answer) => (req.url === "/403" ? answer(false, 403, "not for you") : answer(true)),
  });
  server.on("listening", () => console.log(server.address().port));
  server.on("connection", (socket, request) => {
    const path = request.url.slice(1);
    socket.on("error", () => {});
    socket.on("message", (data) => {
      if (data.toString() !== "go") return;
      if (CLOSED_BY_CODE.includes(path)) socket.close(Number(path), `asked for ${path}`);
      if (path === "fin") socket._socket.end();
    });
  });
  process.stdin.resume().on("end", () => process.exit());
}

// A masked text frame whose payload is no UTF-8: the library itself would not send it.
const LATIN1 = Buffer.from([0x81, 0x84, 0, 0, 0, 0, 0x63, 0x61, 0x66, 0xe9]);

function visit(host, port, path) {
  return new Promise((done) => {
    const socket = new WebSocket(`ws://${host}:${port}/${path}`, { perMessageDeflate: false });
    socket.on("error", () => {});
    socket.on("close", done);
    socket.on("open", () => {
      socket.send("hello");
      if (path === "rst") socket._socket.resetAndDestroy();
      else if (path === "1007") socket._socket.write(LATIN1);
      else if (path === "1009") socket.send("x".repeat(2000));
      else socket.send("go");
    });
  });
}

async function main([mode, host, port]) {
  if (mode === "serve") return serve(host);
  for (const path of PATHS) await visit(host, port, path);
}

main(process.argv.slice(2));
