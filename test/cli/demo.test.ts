/** `nfwhy demo` as built: what it says, what it records, and that nothing of a lab outlives it, however it ends. */
// @module-tag slow
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { INCIDENTS } from '../../src/demo/incidents/index.ts'
import { whyNot } from '../kernel/namespaces.ts'
import { BIN, begin, folder, nfwhy } from './nfwhy.ts'

const notHere = whyNot('ip', 'ss', 'nft', 'nsenter')

it('lists the incidents, each with a sentence', async () => {
  const { code, stdout, stderr } = await nfwhy(['demo', '--width', '200'])
  expect([code, stderr]).toEqual([0, ''])
  for (const { name, title } of INCIDENTS) expect(stdout).toMatch(new RegExp(`^ {2}${name} +${title}$`, 'm'))
})

it.each([
  [['nft-alow-set'], /no incident "nft-alow-set". Did you mean nft-allow-set\?/],
  [['--keep'], /--keep needs the name/],
])('%s: says what is wrong', async (args, message) => {
  const { code, stdout, stderr } = await nfwhy(['demo', ...args])
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(message)
})

it('says what is not installed', async () => {
  const { code, stderr } = await nfwhy(['demo', 'rp-filter'], { env: { PATH: '/nonexistent' }, node: [FORGETS] })
  expect([code, stderr]).toEqual([
    2,
    expect.stringMatching(/rp-filter cannot run here: unshare \(package util-linux\)/),
  ])
})

/** Lets no file be found outside of this project. */
const FORGETS = `--import=data:text/javascript,${encodeURIComponent(
  "import fs from 'node:fs';const a=fs.accessSync;fs.accessSync=(p,m)=>{if(/bin/.test(p))throw new Error('no');return a(p,m)}",
)}`

describe.skipIf(notHere)(`a lab${notHere ? `: ${notHere}` : ''}`, () => {
  it('is told from the story to the end', async () => {
    const { code, stdout, stderr } = await nfwhy(['demo', 'nft-allow-set'])
    expect([code, stderr]).toEqual([0, ''])
    const parts = [
      /^nft-allow-set: a port forward in nft is dropped/,
      /client +eth0 +10\.2\.1\.2\/8 ───── 10\.1\.2\.3\/8 +enp0 {2}gateway/,
      /gateway\$ ip addr add 10\.1\.2\.3\/8 dev enp0/,
      /client\$ nc -z -w 1 10\.1\.2\.3 1222 {3}no reply/,
      /✗ DROPPED by inet filter allowed_dnats handle 7 +#1\n {2}tcp 10\.2\.1\.2:40001/,
      /gateway\$ nft add element inet filter allow_in { 192\.168\.70\.10 \. 22 }/,
      /client\$ nc -z -w 1 10\.1\.2\.3 1222 {3}answered/,
      /✓ FORWARDED +tcp 10\.2\.1\.2:40002/,
      /Clean-up complete: the 3 namespaces and everything in them are removed\./,
    ]
    let at = 0
    for (const part of parts) {
      const found = part.exec(stdout.slice(at))
      expect(found, `${part} in:\n${stdout.slice(at)}`).not.toBeNull()
      at += found!.index + found![0].length
    }
  })

  const noLegacy = process.getuid?.() === 0 ? whyNot('iptables-legacy', 'ip6tables-legacy') : 'only root reads NFLOG'
  it.skipIf(noLegacy).each(['nodeport-clash', 'ipv6-forgotten', 'mixed-backends'])(
    `%s comes as it should with iptables-legacy${noLegacy ? `: ${noLegacy}` : ''}`,
    async (name) => {
      const { code, stdout, stderr } = await nfwhy(['demo', name])
      expect([code, stderr], stdout).toEqual([0, ''])
      expect(stdout).not.toContain('instead of iptables-legacy')
    },
  )

  it('is recorded as bundles that explain the same', async () => {
    const dir = join(folder(), 'recorded')
    const { code, stdout } = await nfwhy(['demo', 'rp-filter', '--record', dir])
    expect([code, stdout]).toEqual([0, expect.stringContaining('rp-filter, rp-filter-fixed.')])
    const failing = await nfwhy(['explain', join(dir, 'rp-filter')])
    expect(failing).toMatchObject({ code: 1, stderr: '', stdout: expect.stringMatching(/VANISHED.*reverse path/s) })
    const fixed = await nfwhy(['explain', join(dir, 'rp-filter-fixed')])
    expect(fixed).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('✓ DELIVERED') })
    expect(readFileSync(join(dir, 'README.md'), 'utf8')).toMatch(/## rp-filter\n.*server\$ sysctl -w/s)
    const again = await nfwhy(['demo', 'rp-filter', '--record', dir])
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('already exists') })
  })

  it('can be entered with --keep, and goes on at Enter', async () => {
    const running = begin(['demo', 'closed-port', '--keep'])
    const hosts = await standing(running)
    const entered = spawnSync(hosts[1]!.enter[0]!, [...hosts[1]!.enter.slice(1), 'ip', '-o', 'addr'], {
      encoding: 'utf8',
    })
    expect(entered.stdout).toContain('192.0.2.2/24')
    running.write('\n')
    const { code, stdout } = await running.end()
    expect([code, stdout]).toEqual([0, expect.stringContaining('Clean-up complete')])
    expect(hosts.filter(isThere)).toEqual([])
  })

  it.each(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP'] as const)('is gone after %s', async (signal) => {
    const running = begin(['demo', 'closed-port', '--keep'])
    const hosts = await standing(running)
    expect(hosts.filter(isThere)).toEqual(hosts)
    running.child.kill(signal)
    const { code, stderr } = await running.end()
    if (signal !== 'SIGKILL') expect([code, stderr]).toEqual([2, 'nfwhy: Stopped; the lab is removed.\n'])
    await expect.poll(() => hosts.filter(isThere), { interval: 10 }).toEqual([])
  })

  it('is gone, whenever nfwhy is killed', async () => {
    // with an environment of its own, whatever belongs to a lab is found
    const mark = `NFWHY_TEST_MARK=${process.pid}-${Date.now()}`
    const [name, value] = mark.split('=') as [string, string]
    let seen = 0
    // on a busy machine it takes longer until there is a lab
    for (let milliseconds = 100; milliseconds <= 1300 || (seen <= 3 && milliseconds < 8000); milliseconds += 150) {
      const child = spawn(process.execPath, [BIN, 'demo', 'nft-allow-set'], {
        env: { ...process.env, [name]: value },
        stdio: 'ignore',
      })
      await new Promise((resolve) => setTimeout(resolve, milliseconds))
      seen = Math.max(seen, processesWith(mark))
      child.kill('SIGKILL')
    }
    expect(seen).toBeGreaterThan(3)
    await expect.poll(() => processesWith(mark), { interval: 20 }).toBe(0)
  })

  it.skipIf(process.getuid?.() !== 0)('says which right is missing', () => {
    const argv = ['--bounding-set', '-sys_admin', process.execPath, BIN, 'demo', 'nft-allow-set']
    const { status, stderr } = spawnSync('setpriv', argv, { encoding: 'utf8' })
    expect(stderr).toMatch(/No network namespaces can be created here: unshare: .*not permitted\.\n.*CAP_SYS_ADMIN/)
    expect(status).toBe(2)
  })

  const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups']
  const noNobody =
    spawnSync('setpriv', [
      ...nobody,
      'unshare',
      '--user',
      '--map-root-user',
      '--net',
      process.execPath,
      BIN,
      '--version',
    ]).status === 0
      ? undefined
      : 'not as root, no user namespaces without root, or this folder is not for all to read'
  it.skipIf(noNobody)(`is built without root${noNobody ? `: ${noNobody}` : ''}`, () => {
    const argv = [...nobody, process.execPath, BIN, 'demo', 'nft-allow-set']
    const { status, stdout, stderr } = spawnSync('setpriv', argv, { encoding: 'utf8' })
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toContain('Clean-up complete')
  })
})

interface Standing {
  enter: string[]
  pid: string
  namespace: string
}

/** The machines of a lab that waits for Enter. */
async function standing(running: ReturnType<typeof begin>): Promise<Standing[]> {
  await running.shows('Press Enter')
  return [...running.shown().matchAll(/(nsenter -t (\d+) .*)$/gm)].map(([, command, pid]) => ({
    enter: command!.split(' '),
    pid: pid!,
    namespace: readlinkSync(`/proc/${pid}/ns/net`),
  }))
}

const processesWith = (mark: string): number =>
  readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(mark)
    } catch {
      return false
    }
  }).length

const isThere = ({ pid, namespace }: Standing): boolean => {
  try {
    return existsSync(`/proc/${pid}`) && readlinkSync(`/proc/${pid}/ns/net`) === namespace
  } catch {
    return false
  }
}
