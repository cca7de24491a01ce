// The peer on SIP.js.

class SipJsPeer extends Peer {
    async start({ url, user, domain, password, expires }) {
        this.domain = domain;
        this.ua = new SIP.UserAgent({
            uri: SIP.UserAgent.makeURI(`sip:${user}@${domain}`),
            authorizationUsername: user,
            authorizationPassword: password,
            transportOptions: { server: url },
            logBuiltinEnabled: false,
            sessionDescriptionHandlerFactoryOptions: {
                peerConnectionConfiguration: { iceServers: [] },
            },
            delegate: { onInvite: (session) => this.adopt(session, "incoming") },
        });
        this.registerer = new SIP.Registerer(this.ua, { expires: expires ?? 300 });
        this.registerer.stateChange.addListener((state) => this.note(state.toLowerCase()));
        await this.ua.start();
        await this.registerer.register({
            requestDelegate: {
                onReject: ({ message }) => this.note(`registrationFailed ${message.statusCode}`),
            },
        });
    }

    adopt(session, state) {
        this.session = session;
        this.enter(state);
        session.delegate = {
            onInfo: (info) => this.takeInfo(info),
            onSessionDescriptionHandler: (handler) => this.listen(handler.peerConnection),
            onInvite: () => this.note("re-invite"),
        };
        session.stateChange.addListener((next) => {
            if (next === SIP.SessionState.Established) this.enter("active");
            if (next === SIP.SessionState.Terminated) this.enter("ended");
        });
    }

    takeInfo(info) {
        const match = /Signal=\s*(\S)/i.exec(info.request.body);
        if (match) this.digits.push(match[1]);
        info.accept();
    }

    async call(user) {
        const target = SIP.UserAgent.makeURI(`sip:${user}@${this.domain}`);
        const inviter = new SIP.Inviter(this.ua, target);
        this.adopt(inviter, "dialing");
        await inviter.invite({
            requestDelegate: {
                onProgress: () => this.enter("ringing"),
                onReject: ({ message }) => this.note(`rejected ${message.statusCode}`),
            },
        });
    }

    answer() {
        return this.session.accept();
    }

    reject(status) {
        return this.session.reject({ statusCode: status });
    }

    hangUp() {
        if (this.session.state === SIP.SessionState.Established) return this.session.bye();
        if (this.session instanceof SIP.Inviter) return this.session.cancel();
        return this.session.reject();
    }

    hold() {
        return this.reinvite(true);
    }

    resume() {
        return this.reinvite(false);
    }

    // As SIP.js's own session manager does it: a new direction, and nothing of the microphone.
    reinvite(hold) {
        const { peerConnection } = this.session.sessionDescriptionHandler;
        for (const { track } of peerConnection.getSenders()) track.enabled = !hold;
        this.session.sessionDescriptionHandlerOptionsReInvite = { hold };
        return new Promise((resolve, reject) => {
            this.session.invite({
                requestDelegate: {
                    onAccept: () => resolve(this.note(hold ? "hold local" : "unhold local")),
                    onReject: ({ message }) => reject(new Error(`${message.statusCode}`)),
                },
            });
        });
    }

    sendInfo(digit) {
        const body = {
            contentDisposition: "render",
            contentType: "application/dtmf-relay",
            content: `Signal=${digit}\r\nDuration=240`,
        };
        return this.session.info({ requestOptions: { body } });
    }

    sendTelephoneEvent(digit) {
        this.session.sessionDescriptionHandler.sendDtmf(digit);
    }

    async stop() {
        await this.registerer.unregister();
        await this.ua.stop();
    }
}
