using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Retention;
using MoeActors.Compute.Files;
using MoeActors.Host.Commands;
using MoeActors.Host.Reports;

namespace MoeActors.Host.Runs;

/// <summary>
/// A command's hold on a run folder. The lock comes first: only who has it looks what lies there, and writes. A new folder that holds no run when the hold ends is taken away again,
/// with the parents that were made for it.
/// </summary>
internal sealed class RunFolderClaim : IDisposable
{
    /// <summary>Times that a folder is made again which another start has just taken away.</summary>
    private const int Attempts = 5;

    private readonly RunFolderLock held;

    /// <summary>Folders made for this run, the innermost first.</summary>
    private readonly IReadOnlyList<string> made;
    private readonly List<string> written = [];
    private bool kept;

    private RunFolderClaim(string folder, RunFolderLock held, IReadOnlyList<string> made) => (Folder, this.held, this.made) = (folder, held, made);

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>A folder for a new run; refused where another command holds it, or where a run, or what is left of one, lies.</summary>
    public static RunFolderClaim New(string folder)
    {
        for (int left = Attempts; ; left--)
        {
            IReadOnlyList<string> made = [];
            try
            {
                made = Make(folder);
                var claim = new RunFolderClaim(folder, RunFolderLock.Take(folder, RunFolderLock.SupervisorName), made);
                try
                {
                    DemandEmpty(folder);
                    return claim;
                }
                catch
                {
                    claim.Dispose();
                    throw;
                }
            }
            catch (DirectoryNotFoundException) when (left > 0)
            {
                // Another start that was refused has taken the folder away between the two.
            }
            catch (RunFolderHeldException)
            {
                throw Held(folder);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Remove(made);
                throw new CommandException(ExitCodes.Resources, $"{folder}: cannot be written ({e.Message}); choose another --run-dir");
            }
        }
    }

    /// <summary>The folder of an existing run; refused where another command holds it.</summary>
    public static RunFolderClaim Existing(string folder)
    {
        try
        {
            return new RunFolderClaim(folder, RunFolderLock.Take(folder, RunFolderLock.SupervisorName), []) { kept = true };
        }
        catch (RunFolderHeldException)
        {
            throw Held(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCodes.Resources, $"{folder}: cannot be written ({e.Message}); give yourself the permission to write there, or copy the run and resume the copy");
        }
    }

    /// <summary>Path of a file that is about to be written for the run: it goes with the claim unless the run stays.</summary>
    public string Writing(string name)
    {
        string path = Path.Combine(Folder, name);
        written.Add(path);
        return path;
    }

    /// <summary>The folder holds a run from now on.</summary>
    public void Keep() => kept = true;

    /// <summary>The run was refused after all.</summary>
    public void Withdraw() => kept = false;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (kept)
        {
            held.Dispose();
            return;
        }

        written.ForEach(File.Delete);
        held.Discard();
        Remove(made);
    }

    private static void DemandEmpty(string folder)
    {
        if (File.Exists(Path.Combine(folder, RunReports.RecordName)))
        {
            throw new CommandException(ExitCodes.Configuration, $"{folder}: holds a run already; go on with it by `moe resume {folder}`, or choose another --run-dir");
        }

        // Without its record a run cannot be told from another: nothing of the two may meet in one folder.
        CheckpointListing checkpoints = new CheckpointStore(CheckpointPaths.InRun(folder)).List();
        string? left = checkpoints.Valid.Count > 0
            ? $"checkpoints of run {checkpoints.Valid[0].Identity.RunId}"
            : checkpoints.Broken.Count > 0
                ? checkpoints.Broken[0].File
                : new[] { StepsLog.FileName, EventsLog.FileName }.FirstOrDefault(name => File.Exists(Path.Combine(folder, name)));
        if (left is not null)
        {
            throw new CommandException(
                ExitCodes.Checkpoint, $"{folder}: holds {left}, but no {RunReports.RecordName}; put the record back and go on by `moe resume {folder}`, or choose another --run-dir");
        }
    }

    private static CommandException Held(string folder) =>
        new(ExitCodes.Resources, $"{folder}: another `moe train` or `moe resume` works on this run; stop that one first");

    /// <summary>Makes the folder and its missing parents; returns those that were missing.</summary>
    private static List<string> Make(string folder)
    {
        var missing = new List<string>();
        for (string? path = Path.TrimEndingDirectorySeparator(folder); path is not null && !Directory.Exists(path); path = Path.GetDirectoryName(path))
        {
            missing.Add(path);
        }

        PrivateFiles.CreateFolder(folder);
        return missing;
    }

    private static void Remove(IReadOnlyList<string> folders)
    {
        try
        {
            foreach (string folder in folders.Where(Directory.Exists))
            {
                Directory.Delete(folder);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Others have put something into it meanwhile: it is theirs.
        }
    }
}
