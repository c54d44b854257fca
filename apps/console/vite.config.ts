import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const api = 'http://127.0.0.1:3000';

export default defineConfig({
  plugins: [react(), tailwindcss()],
  build: {
    outDir: '../../dist/console',
    emptyOutDir: true,
    target: 'es2022',
    // Every browser of the target knows `modulepreload`; without the polyfill nothing is injected.
    modulePreload: { polyfill: false },
    // Small files as data: URLs would need a wider content security policy.
    assetsInlineLimit: 0,
  },
  server: {
    port: 5173,
    proxy: { '/v1': api, '/health': api, '/openapi.json': api },
  },
});
