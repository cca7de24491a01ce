/* The search of pages that are read from files: browsers start no worker there, so that the
   search's script runs in a hidden frame instead. Pages from a server keep their real worker. */
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    #waiting = []
    #frame = document.createElement("iframe")

    constructor(address) {
      super()
      this.onmessage = null
      this.#frame.hidden = true
      document.body.append(this.#frame)
      const inside = this.#frame.contentWindow
      inside.postMessage = (data) => this.#tell(data)
      const script = inside.document.createElement("script")
      script.src = address
      script.onload = () => {
        const waiting = this.#waiting
        this.#waiting = null
        waiting.forEach((data) => this.postMessage(data))
      }
      inside.document.head.append(script)
    }

    postMessage(data) {
      if (this.#waiting) this.#waiting.push(data)
      else this.#frame.contentWindow.dispatchEvent(new MessageEvent("message", { data }))
    }

    terminate() {
      this.#frame.remove()
    }

    #tell(data) {
      const event = new MessageEvent("message", { data })
      this.onmessage?.(event)
      this.dispatchEvent(event)
    }
  }
}
