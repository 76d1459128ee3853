using System.Diagnostics;
using System.Text.Json;

using Akka.Actor;
using Akka.Event;

using MoeActors.Actors.Diagnostics;
using MoeActors.Actors.Faults;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Files;
using MoeActors.Compute.Checkpoints.Format;

namespace MoeActors.Actors.Checkpointing;

/// <summary>
/// Writes its node's units to storage, one file a unit, while training goes on; tells the coordinator when all of them are durable. Owns a
/// thread: storage blocks nobody else. A failure is reported and costs this checkpoint, never the run.
/// </summary>
internal sealed class CheckpointWriterActor : ReceiveActor
{
    /// <summary>Answers kept for being asked again: a periodic checkpoint and the last one may be under way together.</summary>
    private const int KeptAnswers = 2;

    private readonly string incarnation;
    private readonly FlightRecorder flight;
    private readonly CheckpointPlaces places;
    private readonly Func<IActorRef> coordinator;
    private readonly WriterMemory memory;
    private readonly ILoggingAdapter log = Context.GetLogger();
    private readonly Queue<SnapshotPersisted> answers = new();
    private (int Epoch, long Step) current = (-1, -1);
    private readonly Dictionary<string, long> stepCounts = [];
    private ShardFileSequence? sequence;
    private int written;
    private long begun;
    private double snapshotMs;
    private string? error, folder;

    public CheckpointWriterActor(string incarnation, FlightRecorder flight, CheckpointPlaces places, Func<IActorRef> coordinator, WriterMemory memory)
    {
        (this.incarnation, this.flight, this.places, this.coordinator, this.memory) = (incarnation, flight, places, coordinator, memory);
        Receive<UnitSnapshot>(Write);
        Receive<InjectedCrash>(m => m.Throw());
        Receive<AskPersisted>(m =>
        {
            foreach (SnapshotPersisted answer in answers.Where(a => a.Epoch == m.Epoch && a.Step == m.Step))
            {
                coordinator().Tell(answer, ActorRefs.NoSender);
            }
        });
    }

    protected override void PostStop() => End();

    /// <summary>Content of <see cref="SnapshotPersisted.EntriesJson"/>.</summary>
    internal sealed record Part(
        IReadOnlyList<CheckpointFile> Files, IReadOnlyList<CheckpointEntry> Entries, IReadOnlyDictionary<string, long> StepCounts);

    /// <summary>The checkpoint in hand is lost with this writer: said at once, or it, and with it all later ones, would wait for parts that never come.</summary>
    protected override void PreRestart(Exception reason, object message)
    {
        bool unfinished = current.Step >= 0 && answers.All(a => (a.Epoch, a.Step) != current);
        memory.Failed(unfinished ? current.Epoch : -1, unfinished ? current.Step : -1, reason.Message);
        if (unfinished)
        {
            flight.EnterStorage(Phase.Idle, current.Step);
            coordinator().Tell(
                new SnapshotPersisted(current.Epoch, current.Step, incarnation, "", 0, Stopwatch.GetElapsedTime(begun).TotalMilliseconds, snapshotMs, $"the checkpoint writer failed: {reason.Message}"),
                ActorRefs.NoSender);
        }

        base.PreRestart(reason, message);
    }

    private void Write(UnitSnapshot m)
    {
        if (memory.IsAbandoned(m.Context.Epoch, m.Step))
        {
            m.Release();
            return;
        }

        if (current != (m.Context.Epoch, m.Step))
        {
            current = (m.Context.Epoch, m.Step);
            End();
            stepCounts.Clear();
            (written, error, folder, begun, snapshotMs) = (0, null, null, Stopwatch.GetTimestamp(), 0);
        }

        bool handedOver = false;
        Try(m.Step, () => handedOver = WriteUnit(m));
        if (!handedOver)
        {
            m.Release();
        }

        snapshotMs = Math.Max(snapshotMs, m.Job.CopyMs);
        if (++written < m.UnitsOfNode)
        {
            return;
        }

        IReadOnlyList<ShardFileResult> files = [];
        Try(m.Step, () => files = sequence?.Finish() ?? []);
        End();
        flight.EnterStorage(Phase.Idle, m.Step);
        string json = JsonSerializer.Serialize(new Part([.. files.Select(f => f.File)], [.. files.SelectMany(f => f.Entries)], stepCounts));
        var answer = new SnapshotPersisted(
            m.Context.Epoch, m.Step, incarnation, error is null ? json : "", files.Sum(f => f.Bytes), Stopwatch.GetElapsedTime(begun).TotalMilliseconds, snapshotMs, error);
        answers.Enqueue(answer);
        if (answers.Count > KeptAnswers)
        {
            answers.Dequeue();
        }

        coordinator().Tell(answer, ActorRefs.NoSender);
    }

    private void Try(long step, Action work)
    {
        if (error is not null)
        {
            return;
        }

        try
        {
            work();
        }
        catch (Exception e)
        {
            // Whatever it is: a writer that fails instead of answering would leave this checkpoint, and with it all later ones, waiting.
            error = e.Message;
            log.Error(e, "checkpoint {0} is not written", step);
        }
    }

    private void End()
    {
        sequence?.Dispose();
        sequence = null;
    }

    // Whether the snapshot is let go of when its file is durable; else it is not needed any more.
    private bool WriteUnit(UnitSnapshot m)
    {
        flight.EnterStorage(Phase.Persist, m.Step);
        if (m.Fault is { } fault)
        {
            throw new CheckpointException(fault);
        }

        foreach ((string unit, long steps) in m.StepCounts)
        {
            stepCounts[unit] = steps;
        }

        IReadOnlyList<ShardTensor> pieces = m.Pieces();
        if (pieces.Count == 0)
        {
            // None of the unit's experts was chosen this time.
            return false;
        }

        CheckpointStore store = places.Open(m.Context.Spec, m.Context.Message.RunFolder);

        // The epoch numbers the attempt: a late writer of an aborted epoch never touches a file of a later one.
        folder ??= store.Begin(m.Step, m.Context.Epoch);
        string file = $"{folder}/{m.Unit.ToString().Replace('/', '-')}.safetensors";
        sequence ??= new ShardFileSequence(new ShardFileWriter(store.Storage));
        SnapshotPart[] parts = [.. m.Parts];
        IReadOnlyList<CheckpointEntry> entries = sequence.Write(file, m.Context.Spec.RunId, m.Step, pieces, free: m.Release);
        Array.ForEach(parts, part => part.SealFrom(entries));
        return true;
    }
}
