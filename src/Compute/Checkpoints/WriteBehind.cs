using System.Runtime.ExceptionServices;

namespace MoeActors.Compute.Checkpoints;

/// <summary>
/// Writes filled buffers in order on a thread of its own, while the caller hashes and copies into the next one: the disk and the processor work at the
/// same time, over a fixed number of buffers. One caller. The first failure of a write is thrown to the caller; nothing is written after it.
/// </summary>
internal sealed class WriteBehind : IDisposable
{
    /// <summary>Buffers: one at the disk, one waiting for it, one being filled.</summary>
    public const int Depth = 3;

    private readonly object gate = new();
    private readonly Queue<(nint Buffer, int Count)> full = new();
    private readonly Stack<nint> empty = new();
    private readonly Action<nint, int> write;
    private readonly Thread thread;
    private ExceptionDispatchInfo? failure;
    private bool writing, ended;

    /// <param name="write">Writes the first bytes of a buffer after those written before; called on the thread, never twice at once.</param>
    public WriteBehind(Action<nint, int> write)
    {
        this.write = write;
        for (int i = 0; i < Depth; i++)
        {
            empty.Push(AlignedBuffers.Rent());
        }

        thread = new Thread(Run, maxStackSize: 256 << 10) { IsBackground = true, Name = "checkpoint write" };
        thread.Start();
    }

    /// <summary>The first buffer to fill, of <see cref="AlignedBuffers.Size"/> bytes.</summary>
    public nint Take()
    {
        lock (gate)
        {
            return empty.Pop();
        }
    }

    /// <summary>Hands a taken buffer over to be written and gives an empty one; waits for it. When it throws, the caller keeps its buffer.</summary>
    public nint Exchange(nint buffer, int count)
    {
        lock (gate)
        {
            while (empty.Count == 0 && failure is null)
            {
                Monitor.Wait(gate);
            }

            failure?.Throw();
            full.Enqueue((buffer, count));
            Monitor.PulseAll(gate);
            return empty.Pop();
        }
    }

    /// <summary>Waits until all that was handed over is written.</summary>
    public void Flush()
    {
        lock (gate)
        {
            while ((full.Count > 0 || writing) && failure is null)
            {
                Monitor.Wait(gate);
            }

            failure?.Throw();
        }
    }

    /// <summary>Ends the thread; what it has not begun to write is dropped. A buffer still taken must have been given back by <see cref="Return"/>.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            ended = true;
            Monitor.PulseAll(gate);
        }

        thread.Join();
        foreach (nint buffer in empty.Concat(full.Select(f => f.Buffer)))
        {
            AlignedBuffers.Return(buffer);
        }
    }

    /// <summary>Takes back a buffer that is not to be written.</summary>
    public void Return(nint buffer)
    {
        lock (gate)
        {
            empty.Push(buffer);
        }
    }

    private void Run()
    {
        while (Next() is var (buffer, count) && buffer != 0)
        {
            ExceptionDispatchInfo? failed = null;
            try
            {
                write(buffer, count);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                failed = ExceptionDispatchInfo.Capture(e);
            }

            lock (gate)
            {
                empty.Push(buffer);
                writing = false;
                failure ??= failed;
                Monitor.PulseAll(gate);
            }
        }
    }

    private (nint Buffer, int Count) Next()
    {
        lock (gate)
        {
            while (full.Count == 0 && !ended)
            {
                Monitor.Wait(gate);
            }

            if (ended || failure is not null)
            {
                return default;
            }

            writing = true;
            return full.Dequeue();
        }
    }
}
