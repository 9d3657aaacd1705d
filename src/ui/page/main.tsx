/** Where the page begins: starts the worker and, where a server hands over files, opens these. */
import { render } from 'preact'
import { App } from './app.tsx'
import { Engine } from './engine.ts'
import { sayFilesAreGone } from './files-gone.ts'
import { embeddedReport, Report } from './report.ts'
import { openServed } from './served.ts'
import { startWorker } from './start-worker.ts'
import { followLink, opened, openReport, useEngine } from './state.ts'

async function begin(): Promise<void> {
  const report = await embeddedReport()
  useEngine(report ? new Report(report) : new Engine(await startWorker()))
  render(<App />, document.getElementById('page')!)
  addEventListener('popstate', () => void followLink())
  await (report ? openReport(report) : openServed())
  if (!opened.value) sayFilesAreGone()
}

void begin()
