namespace MoeActors.Actors.ControlPlane;

/// <summary>
/// Says who was refused, one line in ten seconds at most and how many there were besides: strangers cannot rotate a log away. Thread-safe.
/// </summary>
/// <param name="write">Writes a line.</param>
/// <param name="now">Milliseconds of a monotonic clock; the process's own by default.</param>
internal sealed class RefusalLog(Action<string> write, Func<long>? now = null)
{
    private const long Pause = 10_000;
    private readonly Func<long> now = now ?? (() => Environment.TickCount64);
    private readonly Lock gate = new();
    private long next = long.MinValue;
    private int unsaid;

    /// <summary>One refusal.</summary>
    internal void Add(string line)
    {
        int before;
        lock (gate)
        {
            long time = now();
            if (time < next)
            {
                unsaid++;
                return;
            }

            (next, before, unsaid) = (time + Pause, unsaid, 0);
        }

        write(before == 0 ? line : $"{line} (and {before} more since the last such line)");
    }
}
