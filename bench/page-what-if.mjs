/**
 * npm run bench:what-if [-- SERVICES…]: how long it takes in headless Chromium from a click until the new way of a packet is
 * drawn, on rules as kube-proxy writes them for so many services. The first of each kind runs cold.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { servePage } from './serve-page.mjs'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const counts = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [100, 1000, 10_000]
const ROUNDS = 5
const HOST = ['ip-addr.json', 'ip-route.json', 'ip-rule.json', 'sysctl.txt'].map(
  (name) => `examples/nodeport-clash/host/${name}`,
)

const name = (i) => i.toString(36).toUpperCase().padStart(6, '0')
const address = (net, i) => `10.${net}.${(i >> 8) & 255}.${i & 255}`
const each = (count, line) => Array.from({ length: count }, (_, i) => line(i)).flat()
const port = (i) => 30_000 + i

/** The last NodePort leads to KUBE-MARK-DROP. */
const rulesOf = (count) =>
  [
    '*nat',
    ...[':PREROUTING ACCEPT [0:0]', ':INPUT ACCEPT [0:0]', ':OUTPUT ACCEPT [0:0]', ':POSTROUTING ACCEPT [0:0]'],
    ...['SERVICES', 'NODEPORTS', 'MARK-MASQ', 'MARK-DROP'].map((one) => `:KUBE-${one} - [0:0]`),
    ...each(count, (i) => [`:KUBE-SVC-${name(i)} - [0:0]`, `:KUBE-SEP-${name(i)} - [0:0]`]),
    '-A PREROUTING -j KUBE-SERVICES',
    '-A OUTPUT -j KUBE-SERVICES',
    '-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000',
    '-A KUBE-MARK-DROP -j MARK --set-xmark 0x8000/0x8000',
    ...each(count, (i) => `-A KUBE-SERVICES -d ${address(96, i)}/32 -p tcp -m tcp --dport 80 -j KUBE-SVC-${name(i)}`),
    '-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS',
    ...each(count, (i) => {
      const to = i === count - 1 ? 'MARK-DROP' : `SVC-${name(i)}`
      return `-A KUBE-NODEPORTS -p tcp -m tcp --dport ${port(i)} -j KUBE-${to}`
    }),
    ...each(count, (i) => [
      `-A KUBE-SVC-${name(i)} ! -s 10.244.0.0/16 -d ${address(96, i)}/32 -p tcp -m tcp --dport 80 -j KUBE-MARK-MASQ`,
      `-A KUBE-SVC-${name(i)} -j KUBE-SEP-${name(i)}`,
      `-A KUBE-SEP-${name(i)} -s ${address(244, i)}/32 -j KUBE-MARK-MASQ`,
      `-A KUBE-SEP-${name(i)} -p tcp -m tcp -j DNAT --to-destination ${address(244, i)}:8080`,
    ]),
    'COMMIT',
    '*filter',
    ...[':INPUT ACCEPT [0:0]', ':FORWARD DROP [0:0]', ':OUTPUT ACCEPT [0:0]', ':KUBE-FIREWALL - [0:0]'],
    '-A INPUT -j KUBE-FIREWALL',
    '-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    '-A KUBE-FIREWALL -m mark --mark 0x8000/0x8000 -j DROP',
    'COMMIT\n',
  ].join('\n')

/** A SYN to that NodePort, as the kernel's log has it. */
function traceOf(count) {
  const steps = [
    ['nat:PREROUTING:rule:1', ''],
    [`nat:KUBE-SERVICES:rule:${count + 1}`, ''],
    [`nat:KUBE-NODEPORTS:rule:${count}`, ''],
    ['nat:KUBE-MARK-DROP:rule:1', ''],
    ...[`KUBE-MARK-DROP:return:2`, `KUBE-NODEPORTS:return:${count + 1}`, `KUBE-SERVICES:return:${count + 2}`].map(
      (one) => [`nat:${one}`, 'MARK=0x8000 '],
    ),
    ...['nat:PREROUTING:policy:2', 'filter:INPUT:rule:1', 'filter:KUBE-FIREWALL:rule:1'].map((one) => [
      one,
      'MARK=0x8000 ',
    ]),
  ]
  const packet = `IN=eth0 OUT= MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 SRC=172.28.129.9 DST=172.28.129.4 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=4711 DF PROTO=TCP SPT=40000 DPT=${port(count - 1)} SEQ=1 ACK=0 WINDOW=64240 RES=0x00 SYN URGP=0`
  return steps.map(([at, mark], i) => `[  100.0000${10 + i}] TRACE: ${at} ${packet} ${mark}\n`).join('')
}

const median = (times) => times.sort((a, b) => a - b)[times.length >> 1]
mkdirSync('tmp/bench', { recursive: true })
const served = await servePage()
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] })
for (const count of counts) {
  const [rules, log] = ['v4', 'log'].map((ending) => `tmp/bench/what-if-${count}.${ending}`)
  writeFileSync(rules, rulesOf(count))
  writeFileSync(log, traceOf(count))
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
  await page.goto(served.address)
  await page.setInputFiles('input[type=file]', [log, rules, ...HOST])
  await page.waitForSelector('.explanation', { timeout: 120_000 })
  process.stdout.write(
    `${count} services, ${rulesOf(count).match(/^-A/gm).length} rules; milliseconds from the click to the drawn way:\n`,
  )
  await page.locator('#tab-try').click()
  await page.waitForSelector('[data-result="without changes"]')
  /** One frame after the answer has come. `act` runs in the page. */
  const drawn = (act, argument) =>
    page.evaluate(
      async ([source, given]) => {
        const shown = () => document.querySelector('.results')?.textContent
        const last = shown()
        const began = performance.now()
        new Function('given', `return (${source})(given)`)(given)
        while (shown() === last) await new Promise((done) => requestAnimationFrame(done))
        return performance.now() - began
      },
      [String(act), argument],
    )
  const click = (label) =>
    [...document.querySelectorAll('#panel button')]
      .find((one) => (one.getAttribute('aria-label') ?? one.textContent) === label)
      .click()
  const submit = (box) => document.querySelector(box).form.requestSubmit()
  const services = `nat KUBE-SERVICES rule ${count + 1}`
  const drop = 'filter KUBE-FIREWALL rule 1'
  /** What is prepared, then what is measured: a function that runs in the page, and what it is given. */
  const cases = {
    'switch off the rule that sent it there': [undefined, click, `Switch off: ${services}`],
    'switch off the rule that dropped it': [undefined, click, `Switch off: ${drop}`],
    'move a rule up': [undefined, click, `Move up: ${services}`],
    'edit the rule that dropped it': [
      async () => {
        await page.evaluate(`(${click})('Edit: ${drop}')`)
        await page.locator('.edit textarea').fill('-m mark --mark 0x8000/0x8000 -p udp -j DROP')
      },
      submit,
      '.edit textarea',
    ],
    'apply a fix': [undefined, click, 'Try it here'],
    'type a command': [
      () => page.locator('#command').fill('iptables -I INPUT -p tcp -m multiport --dports 1:65535 -j ACCEPT'),
      submit,
      '#command',
    ],
    'change the packet': [
      () => page.locator('#words').fill(`in eth0 tcp 172.28.129.9:40000 > 172.28.129.4:22 syn`),
      submit,
      '#words',
    ],
  }
  for (const [what, [prepare, act, argument]] of Object.entries(cases)) {
    const times = []
    for (let round = 0; round < ROUNDS; round++) {
      await prepare?.()
      times.push(await drawn(act, argument))
      if (act === submit && argument === '#words') {
        await page.locator('#words').fill(`in eth0 tcp 172.28.129.9:40000 > 172.28.129.4:${port(count - 1)} syn`)
        await drawn(submit, '#words')
      } else await drawn(click, 'Reset')
    }
    const [first] = times
    process.stdout.write(`  ${what.padEnd(40)} first ${first.toFixed(0)}, median ${median(times).toFixed(0)}\n`)
  }
  await page.close()
}
await browser.close()
served.end()
