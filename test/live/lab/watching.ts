/** `nfwhy watch` of the router of a test's network. */
import { type ChildProcess, spawn } from 'node:child_process'
import { BIN } from '../../cli/nfwhy.ts'
import type { Network } from '../../kernel/drops/network.ts'

export interface Watching {
  child: ChildProcess
  stdout(): string
  stderr(): string
  ended: Promise<number | null>
}

export function startWatching(network: Network, args: readonly string[], via: 'via' | 'inside' = 'inside'): Watching {
  const name = network.router
  const own = ['watch', ...(via === 'via' ? ['--via', `ip netns exec ${name}`] : []), ...args]
  const command = [process.execPath, BIN, ...own]
  const argv = via === 'inside' ? ['ip', 'netns', 'exec', name, ...command] : command
  const child = spawn('env', argv, { stdio: ['ignore', 'pipe', 'pipe'] })
  const said = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream]!.setEncoding('utf8').on('data', (text: string) => {
      said[stream] += text
    })
  return {
    child,
    stdout: () => said.stdout,
    stderr: () => said.stderr,
    ended: new Promise((resolve) => child.once('close', (code) => resolve(code))),
  }
}
