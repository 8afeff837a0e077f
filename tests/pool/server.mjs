// A Bitcoin pool that others wrote, on a port of this machine, for work of a real node: `node server.mjs PORT RPC_PORT USER PASSWORD
// ADDRESS DIFFICULTY`. It prints a line of JSON when it listens, and one for each share that it has judged.
//
// The node is asked through a go-between that makes the blocks' target harder: the pool ends when a share is a block, which on the
// node's test chain every second one would be.
import { createServer } from "node:http";
import stratum from "stratum-pool-sha256";

const [port, rpcPort, user, password, address, difficulty] = process.argv.slice(2);
const HARD = "0000000000000000ffff".padEnd(64, "0");
const login = "Basic " + Buffer.from(`${user}:${password}`).toString("base64");
const tell = (message) => process.stdout.write(`@${JSON.stringify(message)}\n`);

function harder(answer) {
  const result = answer?.result;
  if (result && typeof result === "object" && result.bits) result.target = HARD;
  return answer;
}

const between = createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", async () => {
    const asked = await fetch(`http://127.0.0.1:${rpcPort}/`, {
      method: "POST",
      headers: { authorization: login, "content-type": "application/json" },
      body: Buffer.concat(parts),
    });
    const answer = await asked.json();
    const harderOne = Array.isArray(answer) ? answer.map(harder) : harder(answer);
    response.writeHead(asked.status, { "content-type": "application/json" });
    response.end(JSON.stringify(harderOne));
  });
});

between.listen(0, "127.0.0.1", () => {
  const pool = stratum.createPool(
    {
      coin: { name: "Bitcoin", symbol: "BTC", algorithm: "sha256", reward: "POW", hasGetInfo: true },
      address,
      rewardRecipients: {},
      blockRefreshInterval: 1000,
      jobRebroadcastTimeout: 3,
      connectionTimeout: 600,
      banning: { enabled: false },
      ports: { [port]: { diff: Number(difficulty) } },
      daemons: [{ host: "127.0.0.1", port: between.address().port, user, password }],
      p2p: { enabled: false },
    },
    (_ip, _port, _worker, _password, callback) =>
      callback({ error: null, authorized: true, disconnect: false }),
  );
  pool.on("log", (severity, text) => console.error(severity, text));
  pool.on("share", (isValid, isBlock, share) =>
    tell({ valid: isValid, block: isBlock, worker: share.worker, job: share.job, error: share.error ?? null }),
  );
  pool.on("started", () => tell({ listening: true }));
  pool.start();
});
