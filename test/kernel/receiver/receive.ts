/**
 * A program for tests: `node receive.js OPTIONS FILE`, with ReceiveOptions as JSON and `startReading`, milliseconds until
 * it begins to read. It writes what comes to FILE until SIGTERM, and says in lines of JSON what it is told.
 */
import { closeSync, openSync, writeSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { receive } from '../../../src/kernel/receiver.ts'
import { Unavailable } from '../../../src/kernel/unavailable.ts'

const [options = '{}', file = 'capture.pcap'] = process.argv.slice(2)
const { startReading = 0, ...asked } = JSON.parse(options)
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`)

const receiver = receive(asked)
receiver.onRulesetChange((change) => say({ change }))
process.on('SIGTERM', () => receiver.stop())
try {
  say({ ready: await receiver.ready })
  await wait(startReading)
  const fd = openSync(file, 'w')
  for await (const chunk of receiver.chunks) writeSync(fd, chunk)
  closeSync(fd)
  say({ lost: receiver.lost() })
} catch (error) {
  if (!(error instanceof Unavailable)) throw error
  say({ unavailable: error.reason, message: error.message })
}
