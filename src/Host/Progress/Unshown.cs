using MoeActors.Host.Commands;

namespace MoeActors.Host.Progress;

/// <summary>Says once, on standard error, that what a run says of itself cannot be shown: a full disk, a closed pipe or a terminal that went away is no reason to end it. Thread-safe.</summary>
/// <param name="error">Standard error.</param>
internal sealed class Unshown(TextWriter error)
{
    private int said;

    /// <summary>Says that <paramref name="cause"/> kept something from being shown, the first time.</summary>
    public void Say(Exception cause)
    {
        if (Interlocked.Exchange(ref said, 1) == 0)
        {
            Failures.Note($"standard output cannot be written ({cause.Message}): the run is not affected, but what it says is not shown", error);
        }
    }
}
