using System.Runtime.ExceptionServices;

namespace MoeActors.Compute.Checkpoints.Storage;

/// <summary>
/// Writes filled buffers on threads of its own, while the caller hashes and copies into the next one: the disk and the processor work at the
/// same time, over a fixed number of buffers; memory of others can be written too, in turn with them. One caller. The first failure of a write is thrown to the caller; nothing is begun after it.
/// </summary>
internal sealed class WriteBehind : IDisposable
{
    /// <summary>Writes at the disk at once: with one, it waits for the next to be submitted.</summary>
    private const int Threads = 2;

    /// <summary>Buffers: those at the disk, one waiting for it, one being filled.</summary>
    public const int Depth = Threads + 2;

    private readonly object gate = new();
    private readonly Queue<Work> full = new();
    private readonly Stack<nint> empty = new();
    private readonly Action<nint, int, long> write;
    private readonly Thread[] threads;
    private ExceptionDispatchInfo? failure;
    private int writing;
    private bool ended;

    // Borrowed: memory that belongs to another and goes back to nobody.
    private readonly record struct Work(nint Bytes, int Count, long Offset, bool Borrowed);

    /// <param name="write">Writes the first bytes of a buffer at an offset; called on several threads at once.</param>
    public WriteBehind(Action<nint, int, long> write)
    {
        this.write = write;
        for (int i = 0; i < Depth; i++)
        {
            empty.Push(AlignedBuffers.Rent());
        }

        threads = [.. Enumerable.Range(0, Threads).Select(_ => new Thread(Run, maxStackSize: 256 << 10) { IsBackground = true, Name = "checkpoint write" })];
        Array.ForEach(threads, t => t.Start());
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
    public nint Exchange(nint buffer, int count, long offset)
    {
        lock (gate)
        {
            while (empty.Count == 0 && failure is null)
            {
                Monitor.Wait(gate);
            }

            failure?.Throw();
            full.Enqueue(new Work(buffer, count, offset, Borrowed: false));
            Monitor.PulseAll(gate);
            return empty.Pop();
        }
    }

    /// <summary>Has memory written that stays as it is until <see cref="Flush"/> has returned or this is disposed of; waits for nothing.</summary>
    public void Borrow(nint bytes, int count, long offset)
    {
        lock (gate)
        {
            failure?.Throw();
            full.Enqueue(new Work(bytes, count, offset, Borrowed: true));
            Monitor.PulseAll(gate);
        }
    }

    /// <summary>Waits until all that was handed over is written.</summary>
    public void Flush()
    {
        lock (gate)
        {
            while ((full.Count > 0 || writing > 0) && failure is null)
            {
                Monitor.Wait(gate);
            }

            failure?.Throw();
        }
    }

    /// <summary>Ends the threads; what it has not begun to write is dropped. A buffer still taken must have been given back by <see cref="Return"/>.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            ended = true;
            Monitor.PulseAll(gate);
        }

        Array.ForEach(threads, t => t.Join());
        foreach (nint buffer in empty.Concat(full.Where(f => !f.Borrowed).Select(f => f.Bytes)))
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
        while (Next() is { } work)
        {
            ExceptionDispatchInfo? failed = null;
            try
            {
                write(work.Bytes, work.Count, work.Offset);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                failed = ExceptionDispatchInfo.Capture(e);
            }

            lock (gate)
            {
                if (!work.Borrowed)
                {
                    empty.Push(work.Bytes);
                }

                writing--;
                failure ??= failed;
                Monitor.PulseAll(gate);
            }
        }
    }

    private Work? Next()
    {
        lock (gate)
        {
            while (full.Count == 0 && !ended)
            {
                Monitor.Wait(gate);
            }

            if (ended || failure is not null)
            {
                return null;
            }

            writing++;
            return full.Dequeue();
        }
    }
}
