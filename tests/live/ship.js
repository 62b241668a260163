// Sends a line by winston-loki as the block of snappy that Loki's agents send, and one as JSON.
const winston = require('winston');
const LokiTransport = require('winston-loki');

const [host] = process.argv.slice(2);
let unsent = 0;
for (const json of [false, true]) {
  const transport = new LokiTransport({
    host, json, batching: true, interval: 1, labels: { service: 'live-winston' },
    onConnectionError: (error) => { unsent = 1; console.error(error); },
  });
  const logger = winston.createLogger({ transports: [transport] });
  logger.error(`shipped by winston-loki as ${json ? 'JSON' : 'snappy'}`);
}
setTimeout(() => process.exit(unsent), 3000);
