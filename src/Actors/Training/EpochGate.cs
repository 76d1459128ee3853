namespace MoeActors.Actors.Training;

/// <summary>
/// EP-1 on one device: the epoch whose messages may still change something. The device closes it the moment an epoch ends, before it touches the state that the actors work on; what
/// lies in their mailboxes then (a gradient to go on from, a decision to apply) finds it closed and changes nothing, though the actor has not yet been told. Used on the
/// compute thread only.
/// </summary>
internal sealed class EpochGate
{
    private const int None = -1;
    private int open = None;

    /// <summary>The state is restored: actors may work in <paramref name="epoch"/>.</summary>
    public void Open(int epoch) => open = epoch;

    /// <summary>The epoch is over on this device.</summary>
    public void Close() => open = None;

    /// <summary>Whether messages of <paramref name="epoch"/> may change something.</summary>
    public bool Admits(int epoch) => epoch == open;
}
