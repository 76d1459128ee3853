using System.Diagnostics;

namespace MoeActors.Actors.State;

/// <summary>
/// The copy of one unit out of the live tensors, in pieces. The vault's thread makes it while the next forward and backward run; whoever is about to change the live tensors
/// first calls <see cref="Finish"/>, which makes what is left of it: that is all a checkpoint ever stalls (MoC: a snapshot must end before the next update). Thread-safe.
/// </summary>
internal sealed class SnapshotJob
{
    /// <summary>Bytes of one piece: small, so that nobody waits long for another's.</summary>
    private const long PieceBytes = 1 << 20;

    private readonly List<(nint From, nint To, long Bytes)> pieces = [];
    private readonly ManualResetEventSlim copied = new();
    private readonly long begun = Stopwatch.GetTimestamp();
    private int next, left;

    /// <summary>Whether bf16 weights are among what it copies: those of a dense unit are shared by all ranks, whose ranges others write.</summary>
    public bool ReadsWeights { get; set; }

    /// <summary>Time from the update to the last copied byte; 0 until then.</summary>
    public double CopyMs { get; private set; }

    /// <summary>Adds a range to copy; before <see cref="Open"/>.</summary>
    public void Add(nint from, nint to, long bytes)
    {
        for (long done = 0; done < bytes; done += PieceBytes)
        {
            pieces.Add((from + (nint)done, to + (nint)done, Math.Min(PieceBytes, bytes - done)));
        }
    }

    /// <summary>All ranges are there: copying may begin.</summary>
    public void Open()
    {
        left = pieces.Count;
        if (left == 0)
        {
            Done();
        }
    }

    /// <summary>Copies one piece; false when none is left to begin.</summary>
    public unsafe bool CopyOne()
    {
        int i = Interlocked.Increment(ref next) - 1;
        if (i >= pieces.Count)
        {
            return false;
        }

        (nint from, nint to, long bytes) = pieces[i];
        Buffer.MemoryCopy((void*)from, (void*)to, bytes, bytes);
        if (Interlocked.Decrement(ref left) == 0)
        {
            Done();
        }

        return true;
    }

    /// <summary>Returns when all is copied, having copied what nobody had begun.</summary>
    public void Finish()
    {
        while (CopyOne())
        {
        }

        copied.Wait();
    }

    private void Done()
    {
        CopyMs = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
        copied.Set();
    }
}
