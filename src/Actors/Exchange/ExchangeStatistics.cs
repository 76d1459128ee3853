namespace MoeActors.Actors.Exchange;

/// <summary>A snapshot of the exchange's counters since it was made. Bytes are those of frames, header included.</summary>
public sealed record ExchangeStatistics
{
    /// <summary>Frames received whole, control frames included.</summary>
    public long FramesIn { get; init; }

    /// <summary>Frames written whole, control frames included.</summary>
    public long FramesOut { get; init; }

    /// <summary>Bytes received in whole frames.</summary>
    public long BytesIn { get; init; }

    /// <summary>Bytes written in whole frames.</summary>
    public long BytesOut { get; init; }

    /// <summary>Frames handed over inside the process.</summary>
    public long LocalHandovers { get; init; }

    /// <summary>Payload bytes handed over inside the process, none of them copied.</summary>
    public long LocalBytes { get; init; }

    /// <summary>Frames dropped, sent or received, because they belong to another epoch or run (EP-1).</summary>
    public long DroppedByEpoch { get; init; }

    /// <summary>Frames dropped because nobody is registered, or no node is known, for their destination.</summary>
    public long DroppedUnknown { get; init; }

    /// <summary>Frames dropped because the connection they were queued for is gone.</summary>
    public long DroppedDisconnected { get; init; }

    /// <summary>Frames whose meta or payload did not match its checksum. Each ended its connection.</summary>
    public long ChecksumFailures { get; init; }

    /// <summary>Frames that broke the protocol in another way. Each ended its connection.</summary>
    public long ProtocolFailures { get; init; }

    /// <summary>Connections refused by this side, or closed for not speaking the protocol.</summary>
    public long Refused { get; init; }

    /// <summary>Times a sender thread waited for credit.</summary>
    public long CreditWaits { get; init; }

    /// <summary>How long sender threads waited for credit, all together.</summary>
    public TimeSpan CreditWaitTime { get; init; }

    /// <summary>The same per peer of the present epoch.</summary>
    public IReadOnlyList<PeerStatistics> Peers { get; init; } = [];
}

/// <summary>Counters of the connection to one peer.</summary>
/// <param name="Node">Node index in the present table.</param>
/// <param name="Incarnation">Incarnation of the peer.</param>
/// <param name="Connected">Whether frames flow.</param>
/// <param name="FramesIn">Frames received.</param>
/// <param name="FramesOut">Frames written.</param>
/// <param name="BytesIn">Bytes received.</param>
/// <param name="BytesOut">Bytes written.</param>
/// <param name="CreditWaits">Times the sender thread waited for credit.</param>
/// <param name="QueuedFrames">Frames waiting to be written.</param>
/// <param name="QueuedBytes">Their payload bytes.</param>
public sealed record PeerStatistics(
    int Node, string Incarnation, bool Connected, long FramesIn, long FramesOut, long BytesIn, long BytesOut, long CreditWaits, int QueuedFrames, long QueuedBytes);
