// The peer on JsSIP.

class JsSipPeer extends Peer {
    start({ url, user, domain, password, expires }) {
        this.domain = domain;
        this.ua = new JsSIP.UA({
            sockets: [new JsSIP.WebSocketInterface(url)],
            uri: `sip:${user}@${domain}`,
            password,
            register_expires: expires ?? 300,
        });
        this.ua.on("registered", () => this.note("registered"));
        this.ua.on("unregistered", () => this.note("unregistered"));
        this.ua.on("registrationFailed", ({ cause }) => this.note(`registrationFailed ${cause}`));
        this.ua.on("newRTCSession", ({ session }) => this.adopt(session));
        this.ua.start();
    }

    adopt(session) {
        this.session = session;
        session.on("progress", ({ originator }) => originator === "remote" && this.enter("ringing"));
        session.on("accepted", () => this.note("accepted"));
        session.on("confirmed", () => this.enter("active"));
        session.on("ended", ({ cause, originator }) => this.enter(`ended ${originator} ${cause}`));
        session.on("failed", ({ cause, originator }) => this.enter(`failed ${originator} ${cause}`));
        session.on("hold", ({ originator }) => this.note(`hold ${originator}`));
        session.on("unhold", ({ originator }) => this.note(`unhold ${originator}`));
        session.on("newDTMF", ({ originator, dtmf }) => {
            if (originator === "remote") this.digits.push(dtmf.tone);
        });
        session.on("peerconnection", ({ peerconnection }) => this.listen(peerconnection));
        if (session.connection) this.listen(session.connection);
        if (session.direction === "incoming") this.enter("incoming");
    }

    call(user) {
        const mediaStream = this.microphone.clone();
        this.ua.call(`sip:${user}@${this.domain}`, { mediaStream, pcConfig: { iceServers: [] } });
    }

    answer() {
        this.session.answer({ mediaStream: this.microphone.clone(), pcConfig: { iceServers: [] } });
    }

    reject(status) {
        this.session.terminate({ status_code: status });
    }

    hangUp() {
        this.session.terminate();
    }

    hold() {
        this.session.hold();
    }

    resume() {
        this.session.unhold();
    }

    sendInfo(digit) {
        this.session.sendDTMF(digit, { transportType: "INFO" });
    }

    sendTelephoneEvent(digit) {
        this.session.sendDTMF(digit, { transportType: "RFC2833" });
    }

    async stop() {
        this.ua.stop();
    }
}
