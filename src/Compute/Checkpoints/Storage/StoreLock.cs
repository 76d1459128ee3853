using System.Diagnostics;
using Microsoft.Win32.SafeHandles;

using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Files;

namespace MoeActors.Compute.Checkpoints.Storage;

/// <summary>
/// One publisher, fence raiser or retainer at a time in a checkpoints folder, over threads and processes: a lock on the file ".lock" that the
/// kernel gives back when its holder dies. Without it a fence could be raised between a publisher's look at it and its rename.
/// </summary>
internal sealed class StoreLock : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly SafeFileHandle file;

    private StoreLock(SafeFileHandle file) => this.file = file;

    public static StoreLock Take(string root)
    {
        string path = Path.Combine(root, ".lock");
        SafeFileHandle file = PrivateFiles.Open(path, Posix.ReadWrite | Posix.Create);
        int error;
        long start = Stopwatch.GetTimestamp();
        while ((error = Posix.Lock(file, Posix.LockExclusive | Posix.LockNonBlocking)) != 0)
        {
            // A file system without locks cannot be shared by two coordinators safely, but one run on it is fine.
            if (error is Posix.NotSupported or Posix.NoSystemCall or Posix.Invalid)
            {
                break;
            }

            if (error != Posix.WouldBlock || Stopwatch.GetElapsedTime(start) > Patience)
            {
                file.Dispose();
                throw error != Posix.WouldBlock
                    ? Posix.Error(path, error)
                    : new CheckpointException($"{path}: another process has held this lock for {Patience.TotalSeconds} s; find it with `fuser {path}` and stop it");
            }

            Thread.Sleep(2);
        }

        return new StoreLock(file);
    }

    /// <summary>Closing the file gives the lock back.</summary>
    public void Dispose() => file.Dispose();
}
