// A device: keeps what is PUT at any path, answers GET with it; /slow answers late; /told is observed, and each line on
// the standard input is its new value.
const coap = require('coap')
const { port, host } = JSON.parse(process.argv[2])
const say = (thing) => console.log(JSON.stringify(thing))
const kept = new Map()
const observers = new Set()
let told = 'first'

const server = coap.createServer({ type: 'udp4' })
server.on('request', (request, response) => {
  say({ event: 'request', method: request.method, url: request.url, bytes: request.payload.length,
    format: request.headers['Content-Format'], observe: request.headers.Observe })
  const path = request.url.split('?')[0]
  if (path === '/told' && request.headers.Observe === 0) {
    observers.add(response)
    response.on('finish', () => observers.delete(response))
    response.write(told)
  } else if (path === '/slow') {
    setTimeout(() => response.end('at last'), 300)
  } else if (request.method === 'PUT') {
    response.code = kept.has(path) ? '2.04' : '2.01'
    kept.set(path, { payload: request.payload, format: request.headers['Content-Format'] })
    response.end()
  } else if (kept.has(path)) {
    const { payload, format } = kept.get(path)
    if (format) response.setOption('Content-Format', format)
    response.end(payload)
  } else {
    response.code = '4.04'
    response.end('nothing is here')
  }
})
server.listen(port, host, () => say({ event: 'ready' }))

require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
  told = line
  for (const observer of observers) observer.write(told)
})
