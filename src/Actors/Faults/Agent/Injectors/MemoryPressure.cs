using System.IO.MemoryMappedFiles;

using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Faults.Agent.Injectors;

/// <summary>
/// Takes memory outside the managed heap and touches every page of it, a piece at a time, until the fault ends. Mappings, not the allocator's blocks: what it was given back it would keep for the process, and the next fault would take
/// that again and press on nothing.
/// </summary>
internal sealed unsafe class MemoryPressure(AgentServices node) : FaultInjector(node)
{
    private const int Piece = 16 << 20;
    private readonly Lock gate = new();
    private readonly List<MemoryMappedFile> taken = [];
    private readonly List<MemoryMappedViewAccessor> views = [];
    private bool wanted;

    public override string Begin(FaultOrder order)
    {
        lock (gate)
        {
            wanted = true;
        }

        // A thread of its own: touching takes time, and where memory runs out it is the kernel that answers.
        var thread = new Thread(() => Fill((long)order.Number("mib") << 20)) { IsBackground = true, Name = "memory-pressure" };
        thread.Start();
        return $"takes {order.Number("mib"):0} MiB";
    }

    public override void End(FaultOrder order)
    {
        lock (gate)
        {
            wanted = false;
            views.ForEach(v => v.Dispose());
            taken.ForEach(f => f.Dispose());
            views.Clear();
            taken.Clear();
        }
    }

    private void Fill(long bytes)
    {
        for (long done = 0; done < bytes; done += Piece)
        {
            lock (gate)
            {
                if (!wanted)
                {
                    return;
                }

                int size = (int)Math.Min(Piece, bytes - done);
                var piece = MemoryMappedFile.CreateNew(null, size);
                taken.Add(piece);
                MemoryMappedViewAccessor view = piece.CreateViewAccessor();
                views.Add(view);
                byte* address = null;
                view.SafeMemoryMappedViewHandle.AcquirePointer(ref address);
                new Span<byte>(address, size).Fill(0x5A);
                view.SafeMemoryMappedViewHandle.ReleasePointer();
            }
        }
    }
}
