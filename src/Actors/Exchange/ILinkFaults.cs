namespace MoeActors.Actors.Exchange;

/// <summary>Faults of links for tests and campaigns: asked once for each frame sent, local hand-overs included.</summary>
public interface ILinkFaults
{
    /// <summary>How long the frame is held back before it is queued or handed over; zero or less: not at all. Frames of others pass meanwhile. Thread-safe.</summary>
    TimeSpan DelayOf(in FrameHeader header, int toNode);
}
