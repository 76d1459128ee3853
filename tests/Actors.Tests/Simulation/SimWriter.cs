using System.Runtime.InteropServices;
using System.Text.Json;

using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Files;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Parameters;

namespace MoeActors.Actors.Tests.Simulation;

/// <summary>One unit's share of a checkpoint, copied.</summary>
internal sealed record SimSnapshot(int Epoch, long Step, UnitId Unit, int UnitsOfNode, IReadOnlyList<(SimPart Part, SimState State)> Parts);

/// <summary>A node's checkpoint writer: one file a unit, through the product's store and shard writer; tells the coordinator when all are durable.</summary>
internal sealed class SimWriter(SimWorld world, SimProcess process)
{
    private readonly List<CheckpointEntry> entries = [];
    private readonly List<CheckpointFile> files = [];
    private readonly Dictionary<string, long> stepCounts = [];
    private readonly Queue<SnapshotPersisted> answers = new();
    private (int Epoch, long Step) current = (-1, -1), abandoned = (-1, -1);
    private int written;
    private string? error, folder;
    private long free;

    /// <summary>Queues a unit: the storage's thread takes its time, one after another.</summary>
    public void Queue(SimSnapshot snapshot)
    {
        free = Math.Max(free, world.Clock.Now) + world.Random.NextInt64(1, world.StorageTime);
        process.In(free - world.Clock.Now, () => Write(snapshot));
    }

    public void OnAsked(AskPersisted m)
    {
        foreach (SnapshotPersisted answer in answers.Where(a => a.Epoch == m.Epoch && a.Step == m.Step))
        {
            world.Net.ToCoordinator(process, answer);
        }
    }

    /// <summary>The actor fails, between two messages or in the middle of a checkpoint, which is lost with it; another one goes on.</summary>
    public void Crash()
    {
        bool unfinished = current.Step >= 0 && answers.All(a => (a.Epoch, a.Step) != current);
        if (unfinished && world.Seams.TellsOfFailure)
        {
            abandoned = current;
            world.Net.ToCoordinator(process, new SnapshotPersisted(current.Epoch, current.Step, process.Identity.Incarnation, "", 0, 0, 0, "the checkpoint writer failed"));
        }

        current = (-1, -1);
    }

    private void Write(SimSnapshot m)
    {
        if (abandoned == (m.Epoch, m.Step))
        {
            return;
        }

        if (current != (m.Epoch, m.Step))
        {
            current = (m.Epoch, m.Step);
            entries.Clear();
            files.Clear();
            stepCounts.Clear();
            (written, error, folder) = (0, null, null);
        }

        if (error is null)
        {
            try
            {
                WriteUnit(m);
            }
            catch (Exception e) when (e is CheckpointException or IOException)
            {
                error = e.Message;
            }
        }

        if (++written < m.UnitsOfNode)
        {
            return;
        }

        string? said = world.Seams.Said(error);
        string json = JsonSerializer.Serialize(new CheckpointWriterActor.Part(files, entries, stepCounts));
        var answer = new SnapshotPersisted(m.Epoch, m.Step, process.Identity.Incarnation, said is null ? json : "", 1, 0, 0, said);
        answers.Enqueue(answer);
        if (answers.Count > 2)
        {
            answers.Dequeue();
        }

        world.Net.ToCoordinator(process, answer);
    }

    private void WriteUnit(SimSnapshot m)
    {
        foreach ((SimPart part, SimState state) in m.Parts)
        {
            stepCounts[SnapshotPlan.StepKey(m.Unit, part.Expert, world.Setup.Partial)] = state.Steps;
        }

        if (m.Parts.Count == 0)
        {
            return;
        }

        CheckpointStore store = world.StoreOf(process);
        folder ??= store.Begin(m.Step, m.Epoch);
        string file = $"{folder}/{m.Unit.ToString().Replace('/', '-')}.safetensors";
        ShardFileResult result = Shards.Write(world, store, file, m);
        files.Add(result.File);
        entries.AddRange(result.Entries);
        world.Trace?.Add(world.Clock.Now, process.Identity.Incarnation, $"wrote {file}");
    }
}

/// <summary>Symbolic state as tensors: every element of the master holds the lower half of the hash, of m the upper half, of v the step count.</summary>
internal static class Shards
{
    public static unsafe ShardFileResult Write(SimWorld world, CheckpointStore store, string file, SimSnapshot m)
    {
        var ranges = world.Layout.Parts[m.Unit].ToDictionary(p => p.Part, p => p.Ranges);
        int most = (int)m.Parts.SelectMany(p => ranges[p.Part]).Max(r => r.Count);
        uint* buffers = (uint*)NativeMemory.Alloc((nuint)(m.Parts.Count * 3 * most * sizeof(uint)));
        try
        {
            var tensors = new List<ShardTensor>();
            uint* next = buffers;
            foreach ((SimPart part, SimState state) in m.Parts)
            {
                foreach ((string slot, uint value) in new[] { (Slots.Master, (uint)state.Chain), (Slots.First, (uint)(state.Chain >> 32)), (Slots.Second, (uint)state.Steps) })
                {
                    new Span<uint>(next, most).Fill(value);
                    foreach (UnitRange r in ranges[part])
                    {
                        tensors.Add(new ShardTensor(
                            r.Entry.Name, slot, r.Entry.Layer, r.Entry.Expert, r.Entry.Shape, "F32", r.EntryBegin, r.Count, (nint)next, r.Count * sizeof(float)));
                    }

                    next += most;
                }
            }

            return new ShardFileWriter(store.Storage).Write(file, world.Setup.Spec.RunId, m.Step, tensors);
        }
        finally
        {
            NativeMemory.Free(buffers);
        }
    }

    /// <summary>Reads a part back, verified by the product's reader. Throws <see cref="CheckpointException"/>; a mixture of states is a violation.</summary>
    public static unsafe SimState Read(CheckpointReader reader, UnitRange[] ranges)
    {
        uint[]? found = null;
        foreach (UnitRange range in ranges)
        {
            var buffer = new uint[range.Count];
            uint[] values = new uint[3];
            fixed (uint* start = buffer)
            {
                int i = 0;
                foreach (string slot in (string[])[Slots.Master, Slots.First, Slots.Second])
                {
                    reader.ReadRange(range.Entry.Name, slot, range.EntryBegin, range.Count, (nint)start);
                    values[i++] = buffer[0];
                    SimViolation.Unless(!buffer.AsSpan().ContainsAnyExcept(buffer[0]), "CK-1", () => $"{range.Entry.Name}@{slot} mixes two states");
                }
            }

            SimViolation.Unless(found is null || found.AsSpan().SequenceEqual(values), "CK-1", () => $"the tensors of {range.Entry.Name}'s part are of two states");
            found = values;
        }

        return new SimState(found![0] | ((ulong)found[1] << 32), found[2]);
    }
}
