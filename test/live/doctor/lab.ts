/** A throw-away machine for the doctor: namespaces of network, processes and mounts that end with the test. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { onTestFinished } from 'vitest'
import type { TraceHost } from '../../../src/live/trace-host.ts'
import { whyNot } from '../../kernel/namespaces.ts'
import type { WhenOver } from '../lab/place.ts'

/** What keeps a lab with these tools from being set up here; undefined: nothing does. */
export const whyNoLab = (...tools: string[]): string | undefined =>
  process.getuid?.() === 0
    ? whyNot('ip', 'nsenter', 'pgrep', 'sysctl', ...tools)
    : 'which tables iptables-legacy has is told to root alone'

/** Runs the shell commands there first; what they leave in the background lives until the test ends, which tests side by side tell. */
export async function lab(setup = '', whenOver: WhenOver = onTestFinished): Promise<TraceHost> {
  // what sessions of others note is not its
  const script = `set -e\nmount -t tmpfs none /run\nip link set lo up\n${setup}\necho ready\nexec sleep 300 >/dev/null 2>&1`
  const own = ['--net', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child']
  const child = spawn('unshare', [...own, 'sh', '-c', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C' },
  })
  whenOver(() => void child.kill('SIGKILL'))
  let said = ''
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (text) => {
      said += text
    })
    child.stdout.on('data', (text) => {
      said += text
      if (/^ready$/m.test(said)) resolve()
    })
    child.on('close', () => reject(new Error(`the lab could not be set up:\n${said}`)))
  })
  const [inside] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ')
  return { name: 'the lab', prefix: ['nsenter', '-t', inside!, '--net', '--mount', '--pid'] }
}
