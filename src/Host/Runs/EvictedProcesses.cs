namespace MoeActors.Host.Runs;

/// <summary>
/// Node processes that live though the cluster has removed them: they were members, and are none any more for a while in which the coordinator answered. One that can still act ends by itself (exit code 21); one that is stopped or hangs in
/// the kernel never does, and its supervisor has to end it before another can take its place. Pure but for what it remembers; not thread-safe.
/// </summary>
/// <param name="patience">Longer than a member needs to say hello to a coordinator that has just taken over.</param>
internal sealed class EvictedProcesses(TimeSpan patience)
{
    private readonly HashSet<int> known = [];
    private readonly Dictionary<int, TimeSpan> missing = [];

    /// <summary>The coordinator was asked.</summary>
    /// <param name="members">Pids of the members as it knows them; null: it did not answer, which says nothing of anybody.</param>
    /// <param name="living">Pids of the node processes that live here.</param>
    /// <param name="now">A time that only goes on.</param>
    /// <returns>Pids to be ended, each told once.</returns>
    public IReadOnlyList<int> See(IReadOnlyCollection<int>? members, IReadOnlyCollection<int> living, TimeSpan now)
    {
        if (members is null || members.Count == 0)
        {
            missing.Clear();
            return [];
        }

        var gone = new List<int>();
        known.IntersectWith(living);
        foreach (int pid in living)
        {
            if (members.Contains(pid))
            {
                known.Add(pid);
                missing.Remove(pid);
            }
            else if (known.Contains(pid) && missing.TryAdd(pid, now) is false && now - missing[pid] >= patience)
            {
                gone.Add(pid);
                known.Remove(pid);
                missing.Remove(pid);
            }
        }

        return gone;
    }
}
