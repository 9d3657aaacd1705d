/**
 * A machine that lies: `--via 'node hostile-far-side.mjs MODE'`. It is given a script to run, as any other, and prints
 * what it likes instead. Of the script it takes only what an attacker could: the nonce, and which sections are asked.
 */
import { closeSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const [mode] = process.argv.slice(2)
const MB = 1 << 20
const ESC = '\x1b]0;owned\x07\x1b[2J\u202e'
/** So that an end by SIGTERM takes force. */
const ignoreSignals = () => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => {})
}
const forEver = async () => {
  for (;;) await sleep(1e6)
}

/** Writes all of it, at the pace of whoever reads. */
async function write(data, fd = 1) {
  const bytes = typeof data === 'string' ? Buffer.from(data, 'utf8') : data
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at)
    } catch (error) {
      if (error.code === 'EPIPE') process.exit(0)
      if (error.code !== 'EAGAIN') throw error
      await sleep(1)
    }
  }
}

async function writeForEver(data, fd = 1) {
  const bytes = Buffer.from(data)
  const block = Buffer.concat(Array(Math.ceil(MB / bytes.length)).fill(bytes))
  for (;;) await write(block, fd)
}

/** The script, as far as it has to be read: our input is not closed for what stays. */
async function readScript() {
  let text = ''
  await new Promise((resolve) => {
    const take = (chunk) => {
      text += chunk
      if (!/\nnfwhy_main; exit \$\?\n$/.test(text)) return
      process.stdin.off('data', take)
      resolve()
    }
    process.stdin.on('data', take)
  })
  const nonce = /^printf '\\n%s done\\n' (\w+)$/m.exec(text)?.[1] ?? ''
  const sections = [...text.matchAll(/^section \d+ (\S+) (\S+) /gm)].map(([, id, file]) => ({ id, file }))
  return { text, nonce, sections }
}

const CONTENT = { nft: 'table ip honest {\n}\n', uname: 'Linux honest 6.1.0\n' }

function speaker(nonce, lineBreak = '\n') {
  const n = lineBreak
  const begin = (id, file) => `${n}${nonce} begin ${id} ${file}${n}`
  const end = (status = 0, errors = '') => `${n}${nonce} end ${status}${n}${errors}${n}${nonce} over${n}`
  const frame = (id, file, content = CONTENT[id] ?? '', status = 0, errors = '') =>
    begin(id, file) + content.replaceAll('\n', n) + end(status, errors)
  return {
    begin,
    end,
    frame,
    about: (host = 'honest') => frame('about', 'collected.txt', `host ${host}\nwhen 2026-01-01T00:00:00Z\nuid 0\n`),
    done: `${n}${nonce} done${n}`,
  }
}

/** What is done with a script that gathers sections. */
const GATHERED = {
  honest: async ({ sections, all }) => write(all(sections)),
  endless: () => writeForEver('all work and no play\n'),
  'endless-line': () => writeForEver('A'),
  'endless-section': async ({ say }) => {
    await write(say.about() + say.frame('uname', 'uname.txt') + say.begin('nft', 'ruleset.nft'))
    await writeForEver('# comment\n')
  },
  'endless-mark': async ({ say, nonce }) => {
    await write(`${say.about() + say.frame('uname', 'uname.txt')}\n${nonce} begin `)
    await writeForEver('x')
  },
  'endless-complaint': async ({ say, nonce }) => {
    await write(`${say.about() + say.frame('uname', 'uname.txt') + say.begin('nft', 'ruleset.nft')}\n${nonce} end 1\n`)
    await writeForEver('it broke\n')
  },
  'endless-greeting-of-marks': ({ nonce }) => writeForEver(`\n${nonce} begin`),
  'all-large': async ({ say, sections }) => {
    await write(say.about())
    const block = Buffer.alloc(MB, '# comment\n')
    for (const { id, file } of sections) {
      await write(say.begin(id, file))
      for (let i = 0; i < 60; i++) await write(block)
      await write(say.end())
    }
    await write(say.done)
  },
  twice: async ({ say, sections, all }) => {
    const again = sections.map(({ id, file }) => say.frame(id, file, 'table ip second {\n}\n'))
    await write(all(sections).replace(say.done, '') + say.about('second') + again.join('') + say.done)
  },
  reversed: async ({ sections, all }) => write(all(sections.toReversed())),
  'ten-thousand': async ({ say, sections, all }) => {
    const more = Array.from({ length: 10_000 }, (_, i) => say.frame(`more-${i}`, `more-${i}.txt`, 'unasked\n'))
    await write(all(sections).replace(say.done, more.join('') + say.done))
  },
  names: async ({ say, sections, all }) => {
    const bad = [
      '../../evil',
      '/tmp/nfwhy-evil',
      'a\0b',
      ESC,
      '..',
      '',
      'con',
      '-rf',
      `${'x'.repeat(300)}`,
      '__proto__',
    ]
    const frames = bad.flatMap((name) => [
      say.frame(name, name, 'evil\n'),
      say.frame('nft', name, 'table ip evil {\n}\n'),
    ])
    await write(say.about('../../evil') + frames.join('') + withoutHost(all(sections)))
  },
  'million-lines': async ({ say, sections, all }) => {
    const rest = sections.filter(({ id }) => id !== 'nft' && id !== 'about')
    await write(say.about() + say.frame('nft', 'ruleset.nft', '#\n'.repeat(1e6)) + withoutHost(all(rest)))
  },
  'end-in-midst': async ({ say, nonce, sections, all }) => {
    const stray = `\n${nonce} done\n\n${nonce} over\n\n${nonce} begin uname uname.txt\n\n${nonce} rubbish\n\n${nonce} \n`
    const nft = `${say.begin('nft', 'ruleset.nft')}table ip a {\n}\n${stray}table ip b {\n}\n${say.end()}`
    const rest = sections.filter(({ id }) => id !== 'nft' && id !== 'about')
    await write(`${say.about()}\n${nonce} end 0\n\n${nonce} over\n${nft}${withoutHost(all(rest))}`)
  },
  'done-at-once': async ({ say }) => write(say.about() + say.done),
  statuses: async ({ say, sections }) => {
    const bad = ['', 'x', '-1', '1e999', '99999999999999999999', ESC, '0x00', '7 7', '90', '91']
    const frames = sections.map(({ id, file }, i) => say.frame(id, file, 'half\n', bad[i % bad.length], ESC))
    await write(say.about() + frames.join('') + say.done)
  },
  rubbish: async ({ say, nonce }) => {
    await write(say.about())
    let seed = 1
    const block = Buffer.alloc(MB)
    for (let i = 0; i < MB; i++) {
      seed = (seed * 1103515245 + 12345) & 0x7fffffff
      block[i] = seed >> 16
    }
    for (let i = 0; i < 20; i++) await write(block)
    await write(`\n${nonce} begin nft`)
  },
  greeting: async ({ sections, all }) => write(`${`Welcome! ${ESC}\r\n`.repeat(50_000)}${all(sections)}`),
  crlf: async ({ nonce, sections }) => {
    const say = speaker(nonce, '\r\n')
    await write(say.about() + sections.map(({ id, file }) => say.frame(id, file)).join('') + say.done)
  },
  hang: async () => {
    ignoreSignals()
    await forEver()
  },
  'hang-in-section': async ({ say }) => {
    ignoreSignals()
    await write(say.about() + say.frame('uname', 'uname.txt') + say.begin('nft', 'ruleset.nft'))
    await forEver()
  },
  trickle: async ({ say }) => {
    ignoreSignals()
    await write(say.about() + say.frame('uname', 'uname.txt') + say.begin('nft', 'ruleset.nft'))
    for (;;) {
      await write('x')
      await sleep(20)
    }
  },
  'closes-and-stays': async ({ sections, all }) => {
    ignoreSignals()
    await write(all(sections))
    closeSync(1)
    await forEver()
  },
  'closes-at-once': async () => {
    ignoreSignals()
    closeSync(1)
    await forEver()
  },
  'never-exits': async ({ sections, all }) => {
    ignoreSignals()
    await write(all(sections))
    await forEver()
  },
  'speaks-on-behind-the-end': async ({ sections, all }) => {
    ignoreSignals()
    await write(all(sections))
    await writeForEver('and another thing\n')
  },
  complains: async ({ say, sections, all }) => {
    const block = `${ESC} no such thing\n`.repeat(10_000)
    for (let i = 0; i < 400; i++) await write(block, 2)
    // and what it says ends early, so that the complaints are shown
    await write(all(sections).replace(say.done, ''))
  },
  'complains-for-ever': () => writeForEver(`${ESC} no such thing\n`, 2),
  'lies-of-failure': async ({ sections, all }) => {
    await write(all(sections))
    process.exitCode = 77
  },
  'lies-of-success': async ({ say }) => write(`${say.about() + say.begin('nft', 'ruleset.nft')}table ip half {`),
  'hostile-host': async ({ say, sections, all }) =>
    write(say.about(`${ESC}/../..;$(touch x)`) + withoutHost(all(sections))),
  'long-host': async ({ say, sections, all }) => write(say.about('h'.repeat(3000)) + withoutHost(all(sections))),
}

/** What is done with a script of any kind, whatever it asks. */
const ANY = {
  endless: GATHERED.endless,
  'endless-line': GATHERED['endless-line'],
  'complains-for-ever': GATHERED['complains-for-ever'],
  hang: GATHERED.hang,
  'closes-at-once': GATHERED['closes-at-once'],
  /** What the doctor and a trace look at, with words that are for a shell or a terminal in each place. */
  'hostile-facts': async ({ text }) => {
    const bad = `$(touch pwned);\`touch pwned\` ' | touch pwned # ${ESC}`
    const files = [...text.matchAll(/\/proc\/(?:net|sys|self)\/[\w./-]+/g)].map(([path]) => path)
    const tables = ['nft', 'ip-nft-raw', 'ip6-nft-raw', 'ip-raw', 'ip-filter', 'link', 'addr', 'qdisc', 'offloaded']
    const lines = [
      'uid 0',
      `kernel 5.4.0-${bad}`,
      `machine ${bad}`,
      `host ${bad}`,
      `seconds ${Math.floor(Date.now() / 1000)}`,
      `shell-pid ${bad}`,
      'capabilities 3fffffffff',
      `namespace net:[1]${bad}`,
      `first-namespace net:[2]${bad}`,
      ...[
        'nft',
        'iptables',
        'iptables-legacy',
        'ip6tables-legacy',
        'tcpdump',
        'sysctl',
        'modprobe',
        'dmesg',
        'ip',
      ].flatMap((name) => [
        `program ${name} /usr/sbin/${name}${bad}`,
        `version ${name} ${name} v1.8.4 (legacy) ${bad}`,
      ]),
      'nft works',
      `nft-table table ip ${bad}`,
      `nft-table table inet ${bad}`,
      ...files.flatMap((path) => [`there ${path}`, `file ${path} ${bad}`, `file ${path} 0 1 ${bad}`]),
      ...tables.flatMap((name) => [
        `text ${name} table ip ${bad} {`,
        `text ${name} -A PREROUTING -i ${bad} -m comment --comment "${bad}" -j TRACE`,
        `text ${name} 1: ${bad}: <UP> mtu 1500 master ${bad}`,
      ]),
      `text rsyslog ${bad}`,
      `text journald RateLimitBurst=${bad}`,
      `note damaged - /run/nfwhy/${bad}`,
      `note dead nfwhy-12 /run/nfwhy/${bad}`,
      `note elsewhere nfwhy-13 /run/nfwhy/nfwhy-13 ${bad}`,
      `process -1 nft net:[1] nft monitor ${bad}`,
      `process ${bad} tcpdump - ${bad}`,
      `process 7 ulogd net:[1] ulogd ${bad}`,
      `socket 1 -9 ${bad}`,
      `socket ${bad} 7 ${bad}`,
      ...['iptable_raw', 'nf_log_syslog', 'nfnetlink_log', 'br_netfilter', 'xt_TRACE'].map(
        (name) => `module ${name} can-be-loaded ${bad}`,
      ),
      `module ${bad} can-be-loaded`,
      'text dmesg',
      `container ${bad}`,
      `pid-namespace ${bad}`,
    ]
    await write(`${lines.join('\n')}\n\nover\n`)
  },
  'half-an-answer': () => write('uid 0\nkernel 6.1.0\nhost half\n'),
  /** A session's guard that says far too much before what it has to say. */
  'rambling-guard': async () => {
    await write('begun\n')
    const block = 'here and there\n'.repeat(70_000)
    for (let i = 0; i < 200; i++) await write(block)
    await write('\nready\n')
    await new Promise((resolve) => process.stdin.on('data', (text) => /stop/.test(text) && resolve()))
    for (let i = 0; i < 200; i++) await write(block)
    await write('\nundone\n')
  },
  'guard-that-stays': async () => {
    ignoreSignals()
    await write('begun\nready\n')
    await forEver()
  },
  'guard-that-hangs': async () => {
    ignoreSignals()
    await write('begun\n')
    await forEver()
  },
  /** A stream's program. */
  'complains-then-listens': async () => {
    await write(`${ESC} no such thing\n`.repeat(400_000), 2)
    await write('listening at 1.00\n', 2)
    await write(`[    2.000000] ${ESC} a line\n`)
    await forEver()
  },
  'stream-that-stays': async () => {
    ignoreSignals()
    await write('listening at 1.00\n', 2)
    await writeForEver('[    2.000000] a line\n')
  },
  trickle: async () => {
    ignoreSignals()
    for (;;) {
      await write('x')
      await sleep(20)
    }
  },
}

if (mode === 'deaf') {
  // reads nothing at all
  ignoreSignals()
  await forEver()
}
const script = await readScript()
const withoutHost = (text) => text.replace(say.about(), '')
const say = speaker(script.nonce)
const all = (sections) =>
  (sections.some(({ id }) => id === 'about') ? sections : [{ id: 'about', file: 'collected.txt' }, ...sections])
    .map(({ id, file }) => (id === 'about' ? say.about() : say.frame(id, file)))
    .join('') + say.done
await (script.nonce === '' ? ANY : GATHERED)[mode]({ ...script, say, all })
