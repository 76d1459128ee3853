namespace MoeActors.Host.Configuration;

/// <summary>Tensors between processes.</summary>
internal sealed record DataPlaneSettings
{
    /// <summary>Port; 0 = a free one.</summary>
    public required int Port { get; init; }

    /// <summary>Unix sockets between nodes of one machine.</summary>
    public required bool UnixSockets { get; init; }

    /// <summary>Busy wait before a thread sleeps.</summary>
    public required TimeSpan Spin { get; init; }

    /// <summary>Checksum on every message.</summary>
    public required bool Checksum { get; init; }

    /// <summary>Bytes a peer may have on the way.</summary>
    public required long Credit { get; init; }

    /// <summary>Bytes handed to a socket at once.</summary>
    public required int Piece { get; init; }

    /// <summary>Longest message accepted, bytes.</summary>
    public required long MaxMessage { get; init; }

    /// <summary>Patience with a new connection.</summary>
    public required TimeSpan ConnectTimeout { get; init; }

    /// <summary>Patience with a message in the middle.</summary>
    public required TimeSpan Deadline { get; init; }

    /// <summary>Time without a message after which a sign of life is sent; zero = none.</summary>
    public required TimeSpan Heartbeat { get; init; }

    /// <summary>Time without anything after which a connection is broken; zero = never.</summary>
    public required TimeSpan Silence { get; init; }

    /// <summary>Reads the section.</summary>
    public static DataPlaneSettings Read(SettingsReader r)
    {
        DataPlaneSettings read = ReadAll(r);
        return read.Silence == TimeSpan.Zero || read.Silence >= 2 * read.Heartbeat
            ? read
            : throw r.Wrong("data-plane.silence", "0 s, or at least twice data-plane.heartbeat");
    }

    private static DataPlaneSettings ReadAll(SettingsReader r) => new()
    {
        Port = r.Whole("data-plane.port", 0, 65535),
        UnixSockets = r.Switch("data-plane.unix-sockets"),
        Spin = r.Duration("data-plane.spin", TimeSpan.Zero, TimeSpan.FromSeconds(1)),
        Checksum = r.Switch("data-plane.checksum"),
        Credit = r.Size("data-plane.credit", 1 << 16, 1L << 40),
        Piece = (int)r.Size("data-plane.piece", 4096, 1 << 30),
        MaxMessage = r.Size("data-plane.max-message", 1 << 16, 1L << 40),
        ConnectTimeout = r.Interval("data-plane.connect-timeout", 10),
        Deadline = r.Interval("data-plane.deadline", 10),
        Heartbeat = r.Duration("data-plane.heartbeat"),
        Silence = r.Duration("data-plane.silence"),
    };
}
