/** Files come by dropping them anywhere on the page, or are chosen. They stay in the browser. */
import { useEffect, useState } from 'preact/hooks'
import { filesAreGone, noteFiles } from './files-gone.ts'
import { busy, openFiles } from './state.ts'

export function Open({ small }: { small: boolean }) {
  const [over, setOver] = useState(false)
  useEffect(() => {
    const drag = (event: DragEvent) => {
      event.preventDefault()
      setOver(event.type === 'dragover')
      if (event.type === 'drop' && event.dataTransfer) void droppedFiles(event.dataTransfer).then(take)
    }
    const types = ['dragover', 'dragleave', 'drop'] as const
    for (const type of types) document.addEventListener(type, drag)
    return () => {
      for (const type of types) document.removeEventListener(type, drag)
    }
  }, [])
  const choose = (
    <label class="button">
      {small ? 'Open others' : 'Choose files'}
      <input
        type="file"
        multiple
        onChange={(event) =>
          void take(Array.from(event.currentTarget.files ?? [], (file) => ({ name: file.name, file })))
        }
      />
    </label>
  )
  if (small) return <div class={over ? 'open small over' : 'open small'}>{choose}</div>
  // the button stays: whoever chose files with it has the focus there
  return (
    <div class="open">
      {filesAreGone.value && busy.value === undefined && (
        <p role="status">The reload closed the files that were open. Drop them again.</p>
      )}
      <div class={over ? 'zone over' : 'zone'}>
        {busy.value === undefined && (
          <>
            <p class="what">
              Drop a log or another capture here, the ruleset and files of the host, or a <code>.tgz</code> of{' '}
              <code>nfwhy collect</code>.
            </p>
            <p>Files and folders are read in this browser. Nothing leaves it.</p>
          </>
        )}
        {choose}
      </div>
      {busy.value === undefined && (
        <p>
          No capture yet? Run <code>nfwhy trace</code> as root on the host. It shows nothing? <code>nfwhy doctor</code>{' '}
          looks for what prevents it.
        </p>
      )}
    </div>
  )
}

type Named = { name: string; folders?: readonly string[]; file: File }

async function take(files: readonly Named[]): Promise<void> {
  if (files.length === 0) return
  noteFiles()
  await openFiles(files)
}

/** Folders as well, with the paths of what is in them. */
async function droppedFiles({ items, files }: DataTransfer): Promise<Named[]> {
  const entries = Array.from(items, (item) => item.webkitGetAsEntry()).filter((one) => one !== null)
  if (entries.length === 0) return Array.from(files, (file) => ({ name: file.name, file }))
  return (await Promise.all(entries.map((entry) => filesIn(entry, [])))).flat()
}

async function filesIn(entry: FileSystemEntry, folders: readonly string[]): Promise<Named[]> {
  const name = [...folders, entry.name].join('/')
  if (entry.isFile) {
    const file = await new Promise<File>((done, failed) => (entry as FileSystemFileEntry).file(done, failed))
    return [{ name, folders, file }]
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  const found: FileSystemEntry[] = []
  for (;;) {
    // a call gives a hundred of them at most
    const some = await new Promise<FileSystemEntry[]>((done, failed) => reader.readEntries(done, failed))
    if (some.length === 0) break
    found.push(...some)
  }
  return (await Promise.all(found.map((one) => filesIn(one, [...folders, entry.name])))).flat()
}
