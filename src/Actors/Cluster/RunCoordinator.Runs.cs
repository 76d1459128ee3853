using System.Text.Json;

using Akka.Actor;

using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Faults;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Data;
using MoeActors.Compute.Models;

using Input = MoeActors.Actors.Cluster.CoordinatorInput;

namespace MoeActors.Actors.Cluster;

/// <summary>Runs coming in, and their checkpoints going out.</summary>
internal sealed partial class RunCoordinator
{
    private CommittedCheckpoint? lastCheckpoint;

    private void OnSubmit(SubmitRun m)
    {
        try
        {
            RunSpec spec = RunSpec.FromJson(m.SpecJson);
            spec.Validate();
            if (state.Phase is not (RunPhase.Idle or RunPhase.Ended))
            {
                // A client whose answer was late asks again: its run is the one in progress.
                bool same = state.RunFolder == m.RunFolder && state.Spec!.RunId == spec.RunId;
                Sender.Tell(new SubmitAnswer(
                    same, same ? "the run goes on" : $"run {state.Spec!.RunId} in {state.RunFolder} is being trained: stop it first (moe run stop)"));
                return;
            }

            (long newest, SampleLedger ledger) = m.Resume ? NewestOf(m.RunFolder, spec) : (0, SampleLedger.Empty(spec.Training.GlobalBatch));

            if (!OpenFolder(m.RunFolder, spec, m.Resume, out string problem))
            {
                Sender.Tell(new SubmitAnswer(false, problem));
                return;
            }

            recorder!.Opened(spec, m.Command, m.Resume);
            Sender.Tell(new SubmitAnswer(true, "accepted"));
            Feed(new Input.Submitted(spec, m.RunFolder, newest, ledger, m.Command));
        }
        catch (Exception e) when (e is SpecException or CheckpointException or IOException or UnauthorizedAccessException)
        {
            Sender.Tell(new SubmitAnswer(false, e.Message));
        }
    }

    private static (long Step, SampleLedger Ledger) NewestOf(string runFolder, RunSpec spec)
    {
        var store = new CheckpointStore(Path.Combine(runFolder, "checkpoints"));
        Manifest? newest = store.Newest();
        if (newest is null)
        {
            return (0, SampleLedger.Empty(spec.Training.GlobalBatch));
        }

        newest.Demand(Manifests.IdentityOf(spec));
        return (newest.Step, SampleLedger.FromJson(newest.Ledger.GetRawText(), $"checkpoint {newest.Step}"));
    }

    private bool OpenFolder(string folder, RunSpec spec, bool resumed, out string problem)
    {
        try
        {
            folderLock?.Dispose();
            folderLock = RunFolderLock.Take(folder);
            new CheckpointStore(Path.Combine(folder, "checkpoints")).RaiseFence(state.Fence);
            recorder?.Dispose();
            recorder = options.Recorder(folder);
            board.Reset();
            problem = "";
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CheckpointException)
        {
            problem = e.Message;
            return false;
        }
    }

    /// <summary>Checks and publishes off the actor's thread; the answer comes back as a message.</summary>
    private void Publish(PendingCheckpoint checkpoint)
    {
        RunSpec spec = state.Spec!;
        string folder = state.RunFolder;
        long fence = state.Fence;
        IActorRef self = Self;
        FlightRecorder flight = options.Flight;
        long stall = 0;
        Task.Factory.StartNew(
            () => Publisher.Publish(spec, folder, fence, checkpoint, flight),
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).ContinueWith(
            t => self.Tell(t.IsCompletedSuccessfully
                ? new PublishDone(new Input.Published(checkpoint, t.Result.Bytes), t.Result with { StallMs = stall })
                : new PublishDone(new Input.PublishFailed(checkpoint.Step, t.Exception!.GetBaseException().Message), null)),
            TaskScheduler.Default);
    }

    private void OnPublishDone(PublishDone m)
    {
        if (m.Checkpoint is not null)
        {
            lastCheckpoint = m.Checkpoint;
            recorder?.Checkpoint(m.Checkpoint);
            board.Checkpoint(m.Checkpoint.Step);
        }

        Feed(m.Result);
    }
}
