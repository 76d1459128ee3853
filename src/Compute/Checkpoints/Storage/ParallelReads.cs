using System.Runtime.ExceptionServices;

namespace MoeActors.Compute.Checkpoints.Storage;

/// <summary>Several reads at once on threads of their own: one hashes while another waits for the disk or copies from the cache.</summary>
internal static class ParallelReads
{
    /// <summary>Threads, the caller's included.</summary>
    private static readonly int Threads = Math.Clamp(Environment.ProcessorCount, 1, 4);

    /// <summary>
    /// Carries out <paramref name="read"/> for 0 … count − 1, begun in this order, and returns when all are done. Throws the first failure; reads not begun
    /// by then are left out.
    /// </summary>
    public static void Run(int count, Action<int> read)
    {
        int next = -1;
        ExceptionDispatchInfo? failure = null;
        void Work()
        {
            while (Volatile.Read(ref failure) is null && Interlocked.Increment(ref next) is var i && i < count)
            {
                try
                {
                    read(i);
                }
                catch (Exception e)
                {
                    Interlocked.CompareExchange(ref failure, ExceptionDispatchInfo.Capture(e), null);
                }
            }
        }

        Thread[] others = [.. Enumerable.Range(1, Math.Min(Threads, count) - 1).Select(_ => new Thread(Work, maxStackSize: 256 << 10) { IsBackground = true, Name = "checkpoint read" })];
        Array.ForEach(others, t => t.Start());
        Work();
        Array.ForEach(others, t => t.Join());
        failure?.Throw();
    }
}
