namespace MoeActors.Actors.Exchange;

/// <summary>Settings of a <see cref="SocketExchange"/>.</summary>
public sealed record ExchangeOptions
{
    /// <summary>"unix" (a socket file in <see cref="Folder"/>), or "tcp:host:port"; port 0 takes a free one. Loopback unless another host is written here.</summary>
    public string Listen { get; init; } = "unix";

    /// <summary>Folder of the socket file, made when missing. A path too long for a socket goes to the temporary folder.</summary>
    public string Folder { get; init; } = Path.GetTempPath();

    /// <summary>Host that peers are told to connect to; null: the one in <see cref="Listen"/>. Needed when that is 0.0.0.0 or [::].</summary>
    public string? AdvertisedHost { get; init; }

    /// <summary>Shared secret of the run's nodes. May be empty only where nothing beyond this host can connect.</summary>
    public string Secret { get; init; } = "";

    /// <summary>TLS for TCP; null: none.</summary>
    public TlsOptions? Tls { get; init; }

    /// <summary>
    /// How long an IO thread polls before it sleeps, in microseconds: saves the 25–40 µs of a wake-up where there are cores to spare.
    /// Negative: 50 with at least 8 cores, else 0, since a spinning thread then takes time from the compute thread.
    /// </summary>
    public int SpinMicroseconds { get; init; } = -1;

    /// <summary>Whether payloads carry a checksum. Headers and meta always do.</summary>
    public bool ChecksumPayload { get; init; } = true;

    /// <summary>Payload bytes a peer may have on their way to this node's actors, untaken; a larger frame passes alone.</summary>
    public long CreditBytes { get; init; } = 64L << 20;

    /// <summary>Payload bytes written or read by one system call.</summary>
    public int PieceBytes { get; init; } = 256 << 10;

    /// <summary>Largest payload of one frame that is accepted.</summary>
    public long MaxPayloadBytes { get; init; } = 8L << 30;

    /// <summary>The kernel's buffer per direction; 0: its default.</summary>
    public int SocketBufferBytes { get; init; }

    /// <summary>A handshake must be done within this time.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long an authenticated peer waits for this node to begin the epoch that lists it before it is refused (not listed: it tries again).</summary>
    public TimeSpan TableWait { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>A write, or the rest of a begun frame, that makes no progress for this long is a broken connection.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>A connection on which nothing was sent for this long carries a sign of life; zero: none.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A connection from which nothing came for this long is broken; zero: never.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(10);

    internal int EffectiveSpin => SpinMicroseconds >= 0 ? SpinMicroseconds : Environment.ProcessorCount >= 8 ? 50 : 0;

    /// <summary>Throws <see cref="ExchangeException"/> naming the first setting that cannot be.</summary>
    internal void Validate()
    {
        Require(CreditBytes >= 1, "data-plane.credit", CreditBytes, "at least 1");
        Require(PieceBytes is >= 4096 and <= 1 << 30, "data-plane.piece", PieceBytes, "4096 to 1073741824");
        Require(MaxPayloadBytes >= 1, "data-plane.max-message", MaxPayloadBytes, "at least 1");
        Require(SocketBufferBytes >= 0, "socket buffer", SocketBufferBytes, "0 or more");
        Require(HandshakeTimeout > TimeSpan.Zero, "data-plane.connect-timeout", HandshakeTimeout, "a positive time");
        Require(TableWait >= TimeSpan.Zero, "table wait", TableWait, "zero or more");
        Require(StallTimeout > TimeSpan.Zero, "data-plane.deadline", StallTimeout, "a positive time");
        Require(Heartbeat >= TimeSpan.Zero, "data-plane.heartbeat", Heartbeat, "zero or more");
        Require(Silence == TimeSpan.Zero || Silence >= 2 * Heartbeat, "data-plane.silence", Silence, "zero, or at least twice the heartbeat");
        Require(Tls is null || Listen.StartsWith("tcp:", StringComparison.Ordinal), "data plane", Listen, "a tcp: address, since cluster.tls is configured: a Unix socket carries no TLS");
    }

    private static void Require(bool holds, string key, object value, string expected)
    {
        if (!holds)
        {
            throw new ExchangeException($"{key} = {value}: expected {expected}");
        }
    }
}

/// <summary>Mutual TLS between nodes: each shows its certificate, each checks the other's against the authority. Host names are not checked; the shared secret is.</summary>
public sealed record TlsOptions
{
    /// <summary>PEM file with this node's certificate, and after it those between it and its authority, if any: peers are shown all of them.</summary>
    public required string CertificateFile { get; init; }

    /// <summary>PEM file with its private key.</summary>
    public required string KeyFile { get; init; }

    /// <summary>PEM file with the certificates peers are checked against; null: <see cref="CertificateFile"/>, for one self-signed certificate shared by all nodes.</summary>
    public string? AuthorityFile { get; init; }
}
