/** Where the page begins: starts the worker and, where a server hands over files, opens these. */
import { render } from 'preact'
import { App } from './app.tsx'
import { Engine } from './engine.ts'
import { openServed } from './served.ts'
import { startWorker } from './start-worker.ts'
import { useEngine } from './state.ts'

async function begin(): Promise<void> {
  useEngine(new Engine(await startWorker()))
  render(<App />, document.getElementById('page')!)
  await openServed()
}

void begin()
