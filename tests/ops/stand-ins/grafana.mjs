// Answers as healthy once all of Grafana's provisioning files exist and its user can read them.
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'

const FOLDERS = [
  '/etc/grafana/provisioning/datasources',
  '/etc/grafana/provisioning/dashboards',
  '/etc/grafana/dashboards',
]

createServer((_request, response) => {
  try {
    const files = FOLDERS.map((folder) => readdirSync(folder).map((name) => `${folder}/${name}`))
    if (files.some((inFolder) => inFolder.length === 0)) throw new Error('a folder is empty')
    for (const path of files.flat()) readFileSync(path)
    response.end(JSON.stringify({ database: 'ok', standIn: true, files: files.flat() }))
  } catch (error) {
    response.writeHead(503).end(String(error))
  }
}).listen(3000, '0.0.0.0')

process.on('SIGTERM', () => process.exit(0))
