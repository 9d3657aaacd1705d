/**
 * The unit of `nfwhy watch --print-unit` under a systemd of its own, in namespaces that end with the test: with all that the unit
 * takes from it, it names the functions that dropped and the rules of both packet filters, keeps its store, and ends as asked.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { BIN, folder } from '../cli/nfwhy.ts'
import { until, whyNoDrops } from '../kernel/drops/available.ts'
import { buildDrops } from '../kernel/drops/build.ts'
import { whyNot } from '../kernel/namespaces.ts'

const SYSTEMD = '/lib/systemd/systemd'
const METRICS = '127.0.0.1:9469'

const { thread } = await buildDrops()
const reason = whyNot('nft', 'iptables-legacy', 'python3', 'systemctl') ?? (await whyNoDrops(thread))
/** A second systemd would take the control groups of the first for its own. */
const taken = existsSync('/run/systemd/system') || !existsSync('/sys/fs/cgroup/systemd')

/** What comes before PID 1: nothing of this machine's is started, and nothing of it is changed. */
const initScript = (store: string, settings: readonly string[]) => `set -e
mount --make-rprivate /
ip link set lo up
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/lib
mount -t tmpfs tmpfs /srv
mount -t tmpfs tmpfs /etc/systemd/system
for wanted in /lib/systemd/system/*.target.wants /usr/lib/systemd/system-generators /usr/lib/systemd/system-environment-generators; do
  mount -t tmpfs tmpfs $wanted
done
mount --bind /proc/sys /proc/sys
mount -o remount,ro,bind /proc/sys
cd /etc/systemd/system
'${process.execPath}' '${BIN}' watch --print-unit --metrics ${METRICS} --store '${store}' > nfwhy-watch.service
mkdir multi-user.target.wants nfwhy-watch.service.d
ln -s ../nfwhy-watch.service multi-user.target.wants/
printf '%s\\n' ${settings.map((one) => `'${one}'`).join(' ')} > nfwhy-watch.service.d/test.conf
export container=other
exec ${SYSTEMD} --system --unit=multi-user.target`

/** What a run of systemd leaves of its control groups, the inner ones first. */
const groups = () =>
  ['system.slice/nfwhy-watch.service', 'system.slice', 'init.scope']
    .flatMap((name) => readdirSync('/sys/fs/cgroup').map((one) => join('/sys/fs/cgroup', one, name)))
    .filter(existsSync)

const NAME = 'the unit names functions and rules under systemd, and ends as asked'

it.skipIf(reason || taken).each([
  ['parquet:drops', /drops\/.*\.parquet/],
  ['duckdb:/srv/of drops/x.duckdb', /^\/srv\/of drops\/x\.duckdb$/m],
])(
  `${NAME}, with --store %s${taken ? ' (not judged: this kernel lacks control groups that no other systemd has)' : ''}`,
  async (store, stored) => {
    const before = groups()
    const [init, out] = [join(folder(), 'init.sh'), join(folder(), 'out')]
    // a checkout below /tmp is not there for a unit with a /tmp of its own
    const isHidden = /^\/(var\/)?tmp\//.test(BIN)
    const settings = ['[Service]', `StandardOutput=file:${out}`, `StandardError=file:${out}`]
    writeFileSync(init, initScript(store, [...settings, ...(isHidden ? ['PrivateTmp=no'] : [])]))
    const args = ['--pid', '--fork', '--kill-child', '--mount', '--mount-proc', '--cgroup', '--net', '--ipc', '--uts']
    const child = spawn('unshare', [...args, 'sh', init], { stdio: 'ignore' })
    const pid = () => readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim()
    onTestFinished(async () => {
      child.kill('SIGKILL')
      await new Promise((resolve) => child.once('close', resolve))
      // what is in them ends by and by
      const left = () => groups().filter((one) => !before.includes(one))
      await until(() => left().every((one) => readFileSync(join(one, 'cgroup.procs'), 'utf8') === ''))
      for (const one of left()) rmdirSync(one)
    })
    await until(() => pid() !== '')
    const inside = (script: string, ...namespaces: string[]) =>
      spawnSync('nsenter', ['-t', pid(), '-n', ...namespaces, '--', 'sh', '-c', script], { encoding: 'utf8' })
    const python = (text: string) => inside(`python3 -c '${text}'`)
    const metrics = () =>
      python(`import urllib.request as u; print(u.urlopen("http://${METRICS}/metrics").read().decode())`).stdout
    await until(() => metrics().includes('nfwhy_watch_start'))
    const rules = inside(
      `iptables-legacy -A INPUT -p udp --dport 7 -j DROP &&
      nft 'add table inet f; add chain inet f i { type filter hook input priority 0; }; add rule inet f i udp dport 9 drop'`,
    )
    expect(rules).toMatchObject({ status: 0, stderr: '' })
    const sent = python(
      'import socket\nfor port in (7, 9): socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", port))',
    )
    expect(sent).toMatchObject({ status: 0, stderr: '' })
    const drops = () =>
      metrics()
        .split('\n')
        .filter((line) => line.startsWith('nfwhy_drops_total{') && line.includes('"udp"'))
    await until(() => drops().filter((line) => !line.includes('rule=""')).length === 2)
    const said = existsSync(out) ? readFileSync(out, 'utf8') : ''
    expect(drops().sort(), said).toEqual([
      expect.stringMatching(/function="nf_hook_slow".*rule="filter INPUT rule 1"} 1$/),
      expect.stringMatching(/function="nft_do_chain".*rule="inet f i handle 2"} 1$/),
    ])
    const ended = inside(
      'systemctl stop nfwhy-watch; systemctl show nfwhy-watch -p Result -p ExecMainStatus; find /var/lib/nfwhy /srv',
      ...['-m', '-p'],
    ).stdout
    expect(ended, readFileSync(out, 'utf8')).toContain('Result=success')
    expect(ended).toContain('ExecMainStatus=0')
    expect(ended).toMatch(stored)
  },
)
