namespace MoeActors.Actors.Cluster.Coordinator;

/// <summary>
/// The lock of a run's folder: held by the coordinator in charge, freed by the operating system when its process dies. Two clusters on one
/// folder are refused. It belongs to the folder itself, whatever that is called: a copy of the folder has a lock of its own, and a moved one keeps its lock.
/// </summary>
public sealed class RunFolderLock : IDisposable
{
    /// <summary>Name of the coordinator's lock.</summary>
    public const string CoordinatorName = "run.lock";

    /// <summary>Name of the lock of `moe train` and `moe resume`.</summary>
    public const string SupervisorName = "supervisor.lock";

    /// <summary>EAGAIN: what .NET puts into the exception when another handle holds the lock.</summary>
    private const int WouldBlock = 11;

    private const int Tries = 10;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly FileStream file;

    private RunFolderLock(string folder, FileStream file) => (Folder, this.file) = (folder, file);

    /// <summary>The folder that is locked.</summary>
    public string Folder { get; }

    /// <summary>
    /// Takes the lock; throws <see cref="RunFolderHeldException"/> where another process has it, and <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/> where
    /// the folder is missing or cannot be written. The folder is not created: a lock is no reason for one.
    /// </summary>
    public static RunFolderLock Take(string folder, string name = CoordinatorName)
    {
        string path = Path.Combine(folder, name);
        for (int tries = 0; ; tries++)
        {
            if (new FileInfo(path).LinkTarget is not null)
            {
                throw new IOException($"{path}: is a link; expected a file of the run: remove it");
            }

            FileStream file;
            try
            {
                file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException e) when (e.HResult == WouldBlock && tries < Tries)
            {
                // Who only looks whether it is held has it for a moment.
                Thread.Sleep(Pause);
                continue;
            }
            catch (IOException e) when (e.HResult == WouldBlock)
            {
                throw new RunFolderHeldException($"{path} is held by another process: this run is being trained elsewhere; stop that one first", e);
            }

            if (IsInPlace(file))
            {
                return new RunFolderLock(folder, file);
            }

            // Its former holder took file and folder away between the opening and the locking: nobody else will ever meet this lock.
            file.Dispose();
        }
    }

    /// <summary>Whether another process, or another part of this one, has the lock. A folder that this user may not look into is taken for held.</summary>
    public static bool IsHeld(string folder, string name = CoordinatorName)
    {
        try
        {
            using var file = new FileStream(Path.Combine(folder, name), FileMode.Open, FileAccess.Read, FileShare.None);
            return false;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    /// <summary>Removes the file and gives the lock back: for a folder that is to hold no run after all.</summary>
    public void Discard()
    {
        // First the name, then the lock: who opened the file before finds it gone once it has the lock.
        File.Delete(file.Name);
        file.Dispose();
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();

    private static bool IsInPlace(FileStream file) =>
        new FileInfo($"/proc/self/fd/{file.SafeFileHandle.DangerousGetHandle()}").LinkTarget?.EndsWith(" (deleted)", StringComparison.Ordinal) != true;
}

/// <summary>A living process holds the lock of a run's folder.</summary>
public sealed class RunFolderHeldException(string message, Exception? inner = null) : IOException(message, inner);
