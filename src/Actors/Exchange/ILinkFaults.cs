namespace MoeActors.Actors.Exchange;

/// <summary>What becomes of a frame between the two ends of a connection.</summary>
internal enum FrameFate
{
    /// <summary>It arrives.</summary>
    Pass,

    /// <summary>It is lost: its number is used up, its bytes never come.</summary>
    Drop,

    /// <summary>It arrives twice.</summary>
    Duplicate,

    /// <summary>The frame after it arrives first.</summary>
    Overtaken,
}

/// <summary>
/// Faults of links for tests and campaigns. They stand where a network's would: a delay of single frames before the connection, everything else between its ends, after the frame has its number. A frame that is
/// lost, doubled or overtaken therefore reaches nobody: the receiver finds another number than the next, and the connection breaks, which is a suspicion and then a new epoch.
/// </summary>
internal interface ILinkFaults
{
    /// <summary>
    /// Asked once for each frame, local hand-overs included: how long it is held back before it is queued or handed over; zero or less: not at all. Frames of others pass meanwhile. Thread-safe.
    /// </summary>
    TimeSpan DelayOf(in FrameHeader header, PeerAddress to);

    /// <summary>Asked once for each frame that is written to a connection, those that only return credit included. Thread-safe.</summary>
    FrameFate FateOf(PeerAddress to) => FrameFate.Pass;

    /// <summary>The link that frames to this peer travel, asked once for each frame with data that is written to a connection; emulated at its receiver (<see cref="EmulatedLink"/>). Thread-safe.</summary>
    LinkModel LinkOf(PeerAddress to) => default;

    /// <summary>Whether no connection to this peer can be made, by either side. Thread-safe.</summary>
    bool Cuts(PeerAddress to) => false;
}
