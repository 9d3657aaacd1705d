/** An sshd in a place: what a session sees of a machine that it reaches over a connection. */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestPlace, WhenOver } from './place.ts'
import { sleep } from './session.ts'

const PORT = 2222

export interface Sshd {
  /** For --via. */
  via: string
  /** The process that serves the one connection whose command line holds these words. */
  connections(): Promise<number[]>
}

/** Its keys, its settings, its users' home (whose shell settings may take long) and who may log in are in a folder of its own; reached over the place's own loopback. */
export async function startSshd(place: TestPlace, whenOver: WhenOver): Promise<Sshd> {
  const folder = mkdtempSync(join(tmpdir(), 'nfwhy-ssh-'))
  whenOver(() => rmSync(folder, { recursive: true, force: true }))
  const at = (name: string) => join(folder, name)
  for (const name of ['host', 'user']) {
    const { status, stderr } = spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(name)])
    if (status !== 0) throw new Error(`ssh-keygen: ${stderr}`)
  }
  writeFileSync(
    at('config'),
    `Port ${PORT}
ListenAddress 127.0.0.1
HostKey ${at('host')}
AuthorizedKeysFile ${at('user.pub')}
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
UseDNS no
SetEnv HOME=${folder}
PidFile none
`,
  )
  chmodSync(at('config'), 0o600)
  const daemon = place.backgroundThere(`mkdir -p /run/sshd; exec /usr/sbin/sshd -D -e -f ${at('config')}`)
  const via = `nsenter -t ${place.pid} -n ssh -p ${PORT} -i ${at('user')} -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR root@127.0.0.1`
  for (let tries = 0; ; tries++) {
    const { status, output } = await place.run(`${via.replace(/^.*?-n /, '')} true`)
    if (status === 0) break
    if (tries === 50) throw new Error(`no sshd answers: ${output}`)
    await sleep(100)
  }
  return {
    via,
    // each connection has a process below it; what it runs is below that
    connections: async () => {
      const { output } = await place.run(`pgrep -P ${daemon.pid}`)
      return output.split('\n').filter(Boolean).map(Number)
    },
  }
}
