// SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
// SPDX-License-Identifier: Apache-2.0
//
// Search in files on a disk. Browsers start no worker from a file, so this stands in for one: the script runs in a frame
// of the page. mkdocs-material looks for a file of this name before it uses one from the network.
if (location.protocol === "file:") {
  class IFrameWorker extends EventTarget {
    constructor(url) {
      super()
      this.onmessage = null
      this.frame = document.createElement("iframe")
      this.frame.hidden = true
      this.frame.title = "search"
      this.started = new Promise(resolve => {
        const attach = () => {
          document.body.append(this.frame)
          const inside = this.frame.contentWindow
          inside.postMessage = data => this.receive(data)
          inside.importScripts = (...urls) =>
            urls.reduce((before, one) => before.then(() => this.load(one)), Promise.resolve())
          this.load(url).then(resolve)
        }
        document.body ? attach() : addEventListener("DOMContentLoaded", attach)
      })
    }

    load(url) {
      const page = this.frame.contentDocument
      const script = page.createElement("script")
      script.src = new URL(url, location.href).href
      return new Promise(resolve => {
        script.onload = script.onerror = resolve
        page.body.append(script)
      })
    }

    receive(data) {
      const event = new MessageEvent("message", { data })
      this.dispatchEvent(event)
      if (this.onmessage) this.onmessage(event)
    }

    postMessage(data) {
      const send = () =>
        this.frame.contentWindow.dispatchEvent(new MessageEvent("message", { data }))
      this.started.then(send)
    }

    terminate() {
      this.frame.remove()
    }
  }
  window.IFrameWorker = window.Worker = IFrameWorker
}
