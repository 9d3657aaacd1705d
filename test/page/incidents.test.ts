/** The incidents on the page, from a web server and from disk: what the command line says, it says. */
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Chromium, choose, FROM_DISK, hasChromium, serveFiles } from './browser.ts'
import { commandLine, firstBlock } from './command-line.ts'

const INCIDENTS = fileURLToPath(new URL('../../fixtures/incidents/', import.meta.url))
const EXAMPLE = fileURLToPath(new URL('../../examples/nodeport-clash/', import.meta.url))

/** A capture with its ruleset. */
const CASES: Readonly<Record<string, string[]>> = {
  'nodeport-clash': [`${EXAMPLE}dmesg.log`, `${EXAMPLE}rules.v4`],
  'openstack-snat': [`${INCIDENTS}openstack-snat/reported.log`, `${INCIDENTS}openstack-snat/reported.rules`],
  'calico-icmp-log': [`${INCIDENTS}calico-icmp-log/reported.log`],
  'firewalld-port-forward': [`${INCIDENTS}firewalld-port-forward/nflog.pcap`],
  'nft-allow-set': [`${INCIDENTS}nft-allow-set/dropped.handles.txt`, `${INCIDENTS}nft-allow-set/ruleset-dropped.json`],
}

describe.skipIf(!hasChromium)('the page', () => {
  const chromium = new Chromium()
  let server: Awaited<ReturnType<typeof serveFiles>>
  beforeAll(async () => {
    server = await serveFiles()
  })
  afterAll(async () => {
    await chromium.end()
    server.end()
  })

  describe.each(['web server', 'disk'])('from a %s', (from) => {
    test.each(Object.entries(CASES))('says of %s what the command line says', async (_, files) => {
      const shown = await chromium.open(from === 'disk' ? FROM_DISK : server.address)
      await choose(shown, files)
      const told = await shown.page.locator('.explanation .text').textContent()
      const printed = commandLine('explain', '--full', '--unmatched', ...files)
      // the first group of the report is the one that is shown first
      expect(printed).toContain(firstBlock(told!))
      expect(firstBlock(told!).length).toBeGreaterThan(100)
      expect(shown.errors).toEqual([])
      if (from === 'disk')
        expect(shown.requests.filter((one) => !one.startsWith('file:') && !one.startsWith('blob:'))).toEqual([])
      await shown.page.context().close()
    })
  })
})
