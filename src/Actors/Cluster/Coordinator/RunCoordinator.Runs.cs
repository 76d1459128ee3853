using System.Text.Json;

using Akka.Actor;
using Akka.Event;

using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Diagnostics;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Retention;
using MoeActors.Compute.Files;
using MoeActors.Compute.Specs;

using Input = MoeActors.Actors.Cluster.Coordinator.CoordinatorInput;

namespace MoeActors.Actors.Cluster.Coordinator;

/// <summary>Runs coming in, and their checkpoints going out.</summary>
internal sealed partial class RunCoordinator
{
    private CommittedCheckpoint? lastCheckpoint;

    /// <summary>Whether the start of the present run, by the command that is behind it now, is written down.</summary>
    private bool opened;

    /// <summary>What kind of thing kept a run's folder from being opened.</summary>
    private FailureCause problemCause;

    private void OnSubmit(SubmitRun m)
    {
        if (!isActive)
        {
            // The client asks again.
            return;
        }

        try
        {
            RunSpec spec = RunSpec.FromJson(m.SpecJson);
            spec.Validate();
            if (state.Phase is not (RunPhase.Idle or RunPhase.Ended) && !IsReplacement(m, spec))
            {
                // A client whose answer was late asks again: the same run is accepted as often as it is submitted.
                bool same = state.RunFolder == m.RunFolder && Lineage.Of(state.Spec!) == Lineage.Of(spec);
                if (same && m.Resume && state.StopReason is { } stopping)
                {
                    Sender.Tell(new SubmitAnswer(false, $"run {spec.RunId} is being stopped ({stopping}): resume it once it has ended"));
                    return;
                }

                if (same && m.Resume && !opened)
                {
                    // Taken over from the journal, with nobody alive in between: the record must tell that time from a recovery.
                    opened = true;
                    recorder?.Opened(spec, m.Command, resumed: true);
                }

                Sender.Tell(new SubmitAnswer(
                    same, same ? "the run goes on" : $"run {state.Spec!.RunId} in {state.RunFolder} is being trained: stop it first (moe run stop)"));
                return;
            }

            if (!m.Resume)
            {
                PrivateFiles.CreateFolder(m.RunFolder);
            }

            if (!OpenFolder(m.RunFolder, spec, lockDemanded: true, out RecoveryPoints newest, out string problem))
            {
                Sender.Tell(new SubmitAnswer(false, problem) { Cause = problemCause });
                return;
            }

            lastCheckpoint = null;
            opened = true;
            recorder!.Opened(spec, m.Command, m.Resume);
            Sender.Tell(new SubmitAnswer(true, "accepted"));
            Feed(new Input.Submitted(spec, m.RunFolder, newest.Step, newest.Ledger, m.Command)
            {
                FolderEpoch = Math.Max(newest.Epoch, recorder.NewestEpoch),
                Fence = state.Fence,
                Points = newest.Published,
            });
        }
        catch (Exception e) when (e is SpecException or CheckpointException or IOException or UnauthorizedAccessException)
        {
            Sender.Tell(new SubmitAnswer(false, e.Message) { Cause = FailureCauses.Of(e) });
        }
    }

    /// <summary>A resume with other settings, of a run that the journal says is alive but that has not computed yet under this coordinator: the new settings count. More steps count always.</summary>
    private bool IsReplacement(SubmitRun m, RunSpec spec) =>
        m.Resume && state.RunFolder == m.RunFolder && state.Spec!.RunId == spec.RunId
        && (state.Spec.Training != spec.Training || (state.Phase is RunPhase.Gathering or RunPhase.Preparing && lastDecision == 0 && state.Spec.ToJson() != spec.ToJson()));

    /// <summary>First the lock, then a look at what lies there, then the fence: a folder that another process holds, or of another run, is left as it is.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="spec">The run.</param>
    /// <param name="lockDemanded">Whether nothing is done without the folder's lock; else <see cref="Takeover.NeedsLock"/> decides.</param>
    /// <param name="newest">What the run's checkpoints say.</param>
    /// <param name="problem">Why it was not opened.</param>
    private bool OpenFolder(string folder, RunSpec spec, bool lockDemanded, out RecoveryPoints newest, out string problem)
    {
        newest = RecoveryPoints.None(spec);
        try
        {
            CheckpointStore checkpoints = options.Checkpoints.Open(spec, folder);
            (long token, string owner) = checkpoints.StandingFence();
            bool foreign = Takeover.NeedsLock(token, owner, state.JournalId);
            Lock(folder, lockDemanded || foreign);
            if (foreign && !lockDemanded)
            {
                // Another run may have the folder by now: then nothing is written there.
                _ = RecoveryPoints.Of(checkpoints, spec);
            }

            if (lockDemanded)
            {
                // Checkpoints of another run are noticed before anything is written, and the fence is looked at again: it may have been raised before the lock was free.
                _ = RecoveryPoints.Of(checkpoints, spec);
                (token, owner) = checkpoints.StandingFence();

                // A folder fenced under another journal (resumed elsewhere, or without its old journal): this coordinator's token becomes the newest.
                state = state with { Fence = Takeover.Above(token, owner, state) };
            }

            checkpoints.RaiseFence(state.Fence, state.JournalId);
            if (recorder is null || opened || state.RunFolder != folder)
            {
                recorder?.Dispose();
                recorder = options.Recorder(folder);
            }

            // Otherwise the recorder of the takeover stays: it knows when the run gave its last sign.
            board.Reset();

            // Behind the fence: what an older coordinator has published is there by now, and it publishes nothing more.
            newest = RecoveryPoints.Of(checkpoints, spec);
            problem = "";
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CheckpointException)
        {
            (problem, problemCause) = (e.Message, FailureCauses.Of(e));
            if (lockDemanded && recorder is null)
            {
                folderLock?.Dispose();
                folderLock = null;
            }

            return false;
        }
    }

    /// <summary>Takes the lock of a folder, unless this coordinator has it; where it is not needed and another process has it, goes on without.</summary>
    private void Lock(string folder, bool needed)
    {
        if (folderLock?.Folder == folder)
        {
            return;
        }

        folderLock?.Dispose();
        folderLock = null;
        try
        {
            folderLock = RunFolderLock.Take(folder);
        }
        catch (RunFolderHeldException e) when (!needed)
        {
            log.Warning("{0} is still locked, by this run's former coordinator or by a command that prunes its checkpoints: the fence shuts either out, and the lock is taken as soon as it is free ({1})", folder, e.Message);
        }
    }

    /// <summary>The lock, where a predecessor that was shut out still held it.</summary>
    private void LockWhenFree()
    {
        if (!isActive || recorder is null || folderLock is not null)
        {
            return;
        }

        try
        {
            Lock(state.RunFolder, needed: true);
            log.Info("{0} is locked by this coordinator", state.RunFolder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Said when the folder was opened; the next tick tries again.
        }
    }

    /// <summary>Checks and publishes off the actor's thread; the answer comes back as a message.</summary>
    private void Publish(PendingCheckpoint checkpoint)
    {
        RunSpec spec = state.Spec!;
        string folder = state.RunFolder;
        CheckpointPlaces places = options.Checkpoints;
        IActorRef self = Self;
        FlightRecorder flight = options.Flight;
        RetentionRequest retention = CheckpointCommit.Retention(state);
        Task.Factory.StartNew(
            () => Publisher.Publish(spec, places.Open(spec, folder), retention, checkpoint, phase => flight.EnterStorage(phase, checkpoint.Step), time: options.Time),
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).ContinueWith(
            t => self.Tell(t.IsCompletedSuccessfully
                ? new PublishDone(folder, new Input.Published(checkpoint, t.Result.Bytes) { Kept = t.Result.Kept }, t.Result)
                : new PublishDone(folder, new Input.PublishFailed(checkpoint.Step, checkpoint.Epoch, t.Exception!.GetBaseException().Message), null)),
            TaskScheduler.Default);
    }

    private void OnPublishDone(PublishDone m)
    {
        if (m.RunFolder != state.RunFolder)
        {
            // A run that has ended: its last words are not the present one's.
            return;
        }

        if (m.Checkpoint is not null)
        {
            // An aborted epoch's publisher may be late, and its checkpoint older than the newest one.
            lastCheckpoint = CommittedCheckpoint.Newer(lastCheckpoint, m.Checkpoint);
            recorder?.Checkpoint(m.Checkpoint);
            board.Checkpoint(lastCheckpoint.Step);
        }

        Feed(m.Result);
    }
}
