namespace MoeActors.Host.Progress;

/// <summary>Decides which snapshots get a line of their own. Not thread-safe.</summary>
/// <param name="everySteps">Steps between two lines; 0 goes by time alone.</param>
/// <param name="interval">Time after which the next step gets a line anyway.</param>
/// <param name="time">Clock.</param>
internal sealed class LinePace(int everySteps, TimeSpan interval, TimeProvider time)
{
    private ProgressSnapshot? _shown;
    private ProgressSnapshot? _hidden;
    private long _at;

    /// <summary>Whether <paramref name="s"/> is shown: the first, the last, every n-th step, one per interval, each new message. The same state never twice.</summary>
    public bool Shows(ProgressSnapshot s)
    {
        bool changed = s.Step != _shown?.Step;
        bool said = s.Message != _shown?.Message && !string.IsNullOrEmpty(s.Message);
        bool due = _shown is null
            || (changed && (s.Step >= s.Steps || (everySteps > 0 && s.Step % everySteps == 0) || time.GetElapsedTime(_at) >= interval));
        if (!due && !said)
        {
            _hidden = changed ? s : _hidden;
            return false;
        }

        (_shown, _hidden, _at) = (s, null, time.GetTimestamp());
        return true;
    }

    /// <summary>The newest step that got no line, once; null when the last one did.</summary>
    public ProgressSnapshot? TakeHidden()
    {
        ProgressSnapshot? hidden = _hidden;
        _hidden = null;
        return hidden;
    }
}
