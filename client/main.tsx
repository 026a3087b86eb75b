// Boot: mounts the app. The shell in app/ takes over from here.
import { render } from 'preact'

const root = document.getElementById('app')
if (root) render(<h1>Stockhand</h1>, root)
