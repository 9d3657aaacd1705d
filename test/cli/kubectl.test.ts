/** `kubectl nfwhy` with a kubectl that tells of a cluster from a file, and runs what `exec` is given on this machine. */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { candidatesOf } from '../../src/live/kubernetes/carrier.ts'
import type { Pod } from '../../src/live/kubernetes/cluster.ts'
import { BIN, EXAMPLE, nfwhy } from './nfwhy.ts'

const folder = mkdtempSync(join(tmpdir(), 'nfwhy-kubectl-'))
const log = join(folder, 'asked')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const pod = (namespace: string, name: string, node: string | undefined, spec: object = {}, security: object = {}) => ({
  metadata: { name, namespace },
  spec: { ...(node ? { nodeName: node } : {}), ...spec, containers: [{ name: 'main', securityContext: security }] },
  status: {
    podIPs: [{ ip: `10.244.0.${name.length}` }],
    containerStatuses: [{ name: 'main', state: { running: {} } }],
  },
})
const HOST = { hostNetwork: true }
const PODS = [
  pod('kube-system', 'kube-proxy-1', 'one', HOST, { privileged: true }),
  pod('shop', 'web', 'one'),
  pod('kube-system', 'broken', 'two', HOST, { privileged: true }),
  pod('kube-system', 'without-rights', 'two', HOST),
  pod('shop', 'waits', undefined),
]
/** Its first words tell what is asked; `exec` on a pod called broken has no shell. */
const KUBECTL = `#!/bin/sh
echo "$*" >> ${log}
case "$*" in
  *' nodes'*) cat ${folder}/nodes.json;;
  *spec.nodeName=*) cat "${folder}/on-\${*##*spec.nodeName=}.json";;
  *'get --output=json pod '*) cat "${folder}/pod-\${*##* }.json" 2>/dev/null || { echo 'Error from server (NotFound): pods not found' >&2; exit 1; };;
  *exec*broken*) echo 'error: exec: "sh": executable file not found' >&2; exit 126;;
  *exec*) while [ "$1" != -- ]; do shift; done; shift; exec "$@";;
esac
`

beforeAll(() => {
  const write = (name: string, of: unknown) => writeFileSync(join(folder, name), JSON.stringify(of))
  write('nodes.json', { items: ['one', 'two'].map((name) => ({ metadata: { name } })) })
  for (const node of ['one', 'two'])
    write(`on-${node}.json`, { items: PODS.filter(({ spec }) => 'nodeName' in spec && spec.nodeName === node) })
  for (const one of PODS) write(`pod-${one.metadata.name}.json`, one)
  writeFileSync(join(folder, 'kubectl'), KUBECTL)
  chmodSync(join(folder, 'kubectl'), 0o755)
})

const env = { PATH: `${folder}:${process.env.PATH}` }
const run = (...words: string[]) => nfwhy(['kubectl', ...words], { env })

test('goes by a pod that is there, and says so', async () => {
  const { stderr } = await run('--node', 'one', 'trace', '--dry-run', 'tcp port 80')
  expect(stderr).toContain('nfwhy: node one by pod kube-system/kube-proxy-1, container main\n')
  expect(stderr).toContain(
    "$ nfwhy trace --via 'kubectl exec -n kube-system kube-proxy-1 -c main --' --dry-run 'tcp port 80'\n",
  )
})

test('a pod leads to its node, and its addresses are the filter', async () => {
  const { stderr } = await run('trace', '--pod', 'web', '-n', 'shop', '--dry-run', '--for', '30s')
  expect(stderr).toContain("kube-proxy-1 -c main --' --dry-run --for 30s 'host 10.244.0.3'\n")
  const given = await run('--pod', 'shop/web', 'trace', '--dry-run', 'tcp')
  expect(given.stderr).toContain("kube-proxy-1 -c main --' --dry-run tcp\n")
})

test('only kubectl get and exec are run, with the context that was given', async () => {
  writeFileSync(log, '')
  await run('--context', 'lab', '--kubeconfig', '/c', '--node', 'one', 'trace', '--dry-run', 'tcp')
  const asked = readFileSync(log, 'utf8').trim().split('\n')
  expect(asked.length).toBeGreaterThan(1)
  for (const one of asked) expect(one).toMatch(/^--kubeconfig \/c --context lab (?:get|exec) /)
})

test.each([
  [['trace', 'tcp'], 'The cluster has 2 nodes: say which one.\n--node one | two, or --pod NAME'],
  [['--node', 'two', 'trace', 'tcp'], 'kube-system/broken (main): error: exec: "sh": executable file not found'],
  [['--node', 'two', 'trace', 'tcp'], 'kubectl debug node/two --profile=sysadmin --image=busybox -- sleep 3600'],
  [['--pod', 'nope', 'trace'], 'pods not found'],
  [['--pod', 'shop/waits', 'trace'], 'Pod shop/waits is on no node yet.'],
  [['--node', 'one', '--node', 'two', 'collect'], 'nfwhy collect goes to one node: one, two are several.'],
  [['--node', 'one', 'explain', 'x'], 'nfwhy explain runs here: leave out --node and --pod.'],
  [['--node', 'one', 'trace', '--via', 'ssh x'], '--via says where: leave out --node and --pod.'],
])('%j is refused', async (words, why) => {
  const { code, stderr } = await run(...words)
  expect(code).toBe(2)
  expect(stderr).toContain(why)
})

test('what is read here needs no cluster, and help is the command’s own', async () => {
  expect((await run('explain', EXAMPLE)).stdout).toBe((await nfwhy(['explain', EXAMPLE])).stdout)
  expect((await run('trace', '--help')).stdout).toBe((await nfwhy(['trace', '--help'])).stdout)
  expect((await run('--help')).stdout).toContain('kubectl nfwhy --node worker-1')
})

test('the plugin is the same by its name, and proposes commands by it', async () => {
  symlinkSync(BIN, join(folder, 'kubectl-nfwhy'))
  const plugin = (...words: string[]) =>
    spawnSync(process.execPath, [join(folder, 'kubectl-nfwhy'), ...words], {
      env: { ...process.env, ...env, NFWHY_CALLED_AS: '' },
      encoding: 'utf8',
    })
  const { stderr } = plugin('--node', 'one', 'trace', '--dry-run', 'tcp')
  expect(stderr).toContain('$ kubectl nfwhy trace --via')
  expect(plugin('--version').stdout).toBe((await nfwhy(['--version'])).stdout)
})

test('pods that lead into the node itself come first, and only those that may administer its network', () => {
  const one = (name: string, is: Partial<Pod>, container: Partial<Pod['containers'][number]> = {}): Pod => ({
    ...{ namespace: 'a', name, ips: [], isHostNetwork: true, isHostPid: false },
    containers: [{ name: 'c', isRunning: true, isPrivileged: false, capabilities: [], ...container }],
    ...is,
  })
  const found = candidatesOf([
    one('own-network', { isHostNetwork: false }, { isPrivileged: true }),
    one('ended', {}, { isPrivileged: true, isRunning: false }),
    one('no-rights', {}),
    one('calico-node', {}, { capabilities: ['NET_ADMIN', 'NET_RAW'] }),
    one('kube-proxy-x', {}, { isPrivileged: true }),
    one('debugger', { isHostPid: true }, { isPrivileged: true }),
    one('sees-processes', { isHostPid: true }, { capabilities: ['SYS_ADMIN'] }),
  ])
  expect(found.map(({ pod: { name }, isNode }) => [name, isNode])).toEqual([
    ['debugger', true],
    ['kube-proxy-x', false],
    ['calico-node', false],
    ['sees-processes', false],
  ])
})
