using System.Diagnostics;

namespace MoeActors.Actors.ControlPlane;

/// <summary>Silences a node's control plane for a time, both ways; its data plane is not touched. Thread-safe.</summary>
internal sealed class ControlCut
{
    private long until;

    /// <summary>Whether nothing passes now.</summary>
    public bool IsCut => Volatile.Read(ref until) is not 0 and var end && Stopwatch.GetTimestamp() < end;

    /// <summary>Nothing passes for <paramref name="length"/>: by its own clock, since nobody could say that it is over.</summary>
    public void Cut(TimeSpan length) => Volatile.Write(ref until, Stopwatch.GetTimestamp() + (long)(length.TotalSeconds * Stopwatch.Frequency));

    /// <summary>Everything passes again.</summary>
    public void Heal() => Volatile.Write(ref until, 0);
}
