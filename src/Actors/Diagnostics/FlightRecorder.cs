using System.IO.MemoryMappedFiles;

using MoeActors.Compute.Files;

namespace MoeActors.Actors.Diagnostics;

/// <summary>What a flight recorder held when it was read: the last moments of a process, where it is gone.</summary>
/// <param name="Pid">Process.</param>
/// <param name="Epoch">Epoch its compute thread worked in.</param>
/// <param name="Step">Step its compute thread worked on; in recovery the step restored.</param>
/// <param name="Phase">What the compute thread was doing.</param>
/// <param name="StoragePhase">What the storage thread was doing beside it; <see cref="Phase.Idle"/> when nothing.</param>
/// <param name="Injected">Whether the process was about to kill itself on purpose (AD-1).</param>
internal sealed record FlightRecord(int Pid, int Epoch, long Step, Phase Phase, Phase StoragePhase, bool Injected);

/// <summary>
/// A few words in a memory-mapped file that say what this process is doing: they outlive a SIGKILL, so the survivors can name the phase
/// it hit. Two slots: the compute thread's and the storage thread's, which run side by side. Writing costs a few stores.
/// </summary>
internal sealed class FlightRecorder : IDisposable
{
    private const int Bytes = 64;
    private readonly MemoryMappedFile file;
    private readonly MemoryMappedViewAccessor view;
    private readonly KillPlan kills;
    private volatile int deadly;
    private long moves;

    /// <summary>Creates or takes over the recorder at <paramref name="path"/>.</summary>
    public FlightRecorder(string path, KillPlan kills)
        : this(Create(path), kills)
    {
    }

    /// <summary>Records into an open file, which it owns from now on.</summary>
    internal FlightRecorder(FileStream held, KillPlan kills)
    {
        // Written, not only sized: a store into a mapped page that a full disk has no block for ends the process with SIGBUS, this write with a sentence.
        held.Write(new byte[Bytes]);
        held.Flush(flushToDisk: true);
        file = MemoryMappedFile.CreateFromFile(held, null, Bytes, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: false);
        view = file.CreateViewAccessor(0, Bytes);
        view.Write(0, Environment.ProcessId);
        this.kills = kills;
    }

    private static FileStream Create(string path)
    {
        PrivateFiles.CreateFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
        return PrivateFiles.Create(path);
    }

    /// <summary>Compute thread: <paramref name="phase"/> of <paramref name="step"/> begins.</summary>
    public void Enter(Phase phase, int epoch, long step)
    {
        view.Write(4, epoch);
        view.Write(8, step);
        view.Write(16, (int)phase);
        Interlocked.Increment(ref moves);
        Pass(phase, step);
    }

    /// <summary>What the compute thread entered last. Safe on any thread.</summary>
    public Phase Now => (Phase)view.ReadInt32(16);

    /// <summary>How often the compute thread has entered anything: grows while it computes. Safe on any thread.</summary>
    public long Moves => Interlocked.Read(ref moves);

    /// <summary>Storage: <paramref name="phase"/> begins (<see cref="Phase.Idle"/> when done).</summary>
    public void EnterStorage(Phase phase, long step)
    {
        view.Write(20, (int)phase);
        Pass(phase, step);
    }

    /// <summary>AD-1: what comes next is on purpose; on storage when this returns.</summary>
    public void MarkInjected()
    {
        view.Write(24, (byte)1);
        view.Flush();
    }

    /// <summary>From now on this process kills itself when it enters <paramref name="phase"/>; <see cref="Phase.Idle"/>: no more.</summary>
    public void Arm(Phase phase) => deadly = (int)phase;

    /// <summary>Reads another process's recorder; null when there is none.</summary>
    public static FlightRecord? Read(string path)
    {
        try
        {
            using FileStream file = PrivateFiles.OpenToRead(path);
            byte[] raw = new byte[Bytes];
            return file.ReadAtLeast(raw, Bytes, throwOnEndOfStream: false) < 25
                ? null
                : new FlightRecord(
                    BitConverter.ToInt32(raw, 0), BitConverter.ToInt32(raw, 4), BitConverter.ToInt64(raw, 8),
                    (Phase)BitConverter.ToInt32(raw, 16), (Phase)BitConverter.ToInt32(raw, 20), raw[24] != 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private void Pass(Phase phase, long step)
    {
        if (kills.Hits(phase, step) || (phase != Phase.Idle && deadly == (int)phase))
        {
            MarkInjected();
            KillPlan.KillSelf();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        view.Dispose();
        file.Dispose();
    }
}
