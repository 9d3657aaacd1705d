/**
 * npm run bench:page [-- EXCHANGES]: how long the page takes in headless Chromium to open a capture of so many exchanges with
 * about 15 steps each, how much longer that is than the command line's time for the same, and how evenly its list scrolls.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { servePage } from './serve-page.mjs'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const exchanges = Number(process.argv[2] ?? 100_000)
const RUNS = 5
/** Bytes of a line, and lines of a packet, as make-trace.mjs writes them. */
const megabytes = Math.round((exchanges * 15 * 320) / 1e6)
const log = `tmp/bench/page-${megabytes}.log`
const rules = 'examples/nodeport-clash/rules.v4'

if (!existsSync(log)) {
  mkdirSync('tmp/bench', { recursive: true })
  spawnSync('node', ['bench/make-trace.mjs', log, String(megabytes)], { stdio: 'inherit' })
}

const served = await servePage()
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] })

const median = (times) => times.sort((a, b) => a - b)[times.length >> 1]
const opened = []
const ran = []
let frames
let said
for (let run = 0; run < RUNS; run++) {
  const began = performance.now()
  spawnSync('node', ['bin/nfwhy.js', 'explain', log, rules], { stdio: 'ignore' })
  ran.push(performance.now() - began)
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
  await page.goto(served.address)
  const from = performance.now()
  await page.setInputFiles('input[type=file]', [log, rules])
  await page.waitForSelector('.explanation', { timeout: 120_000 })
  opened.push(performance.now() - from)
  said = await page.locator('.summary').innerText()
  frames = await scrolled(page)
  await page.close()
}
await browser.close()
served.end()

/** All groups expanded, the list is scrolled through: milliseconds of each frame. */
async function scrolled(page) {
  for (;;) {
    const folded = page.locator('.expand', { hasText: '▸' })
    if ((await folded.count()) === 0) break
    await folded.first().click()
    await page.waitForTimeout(200)
  }
  return page.evaluate(
    () =>
      new Promise((done) => {
        const list = document.querySelector('.list')
        const times = []
        let last = performance.now()
        const step = (now) => {
          times.push(now - last)
          last = now
          list.scrollTop += 500
          if (times.length < 300) requestAnimationFrame(step)
          else done(times.slice(1))
        }
        requestAnimationFrame(step)
      }),
  )
}

const ms = (time) => `${Math.round(time)} ms`
process.stdout.write(`${said.replace(/\n+/g, '\n')}\n${megabytes} MB, ${RUNS} runs in turn:\n`)
process.stdout.write(`  page: from choosing the files to the first explanation   median ${ms(median(opened))}\n`)
process.stdout.write(`  command line: explain                                    median ${ms(median(ran))}\n`)
process.stdout.write(`  the page takes ${(median(opened) / median(ran)).toFixed(1)} times as long\n`)
const slow = frames.filter((time) => time > 50).length
process.stdout.write(`  scrolling: longest frame ${ms(Math.max(...frames))}, ${slow} of ${frames.length} over 50 ms\n`)
