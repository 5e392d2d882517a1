// Every method of the three large interfaces, answered with E_NOTIMPL and a line in the log: what the requestor
// does not call need not be played, and what it calls unexpectedly is seen.
#pragma once

#include <vss.h>
#include <vswriter.h>
#include <vsbackup.h>

#include "counted.hpp"

namespace mock {

HRESULT not_played(const char* name);

// clang-format off
#define NOT_PLAYED(name, arguments) STDMETHODIMP name arguments override { return not_played(#name); }
class AllOfBackupComponents : public Counted<IVssBackupComponentsEx4> {
  public:
    NOT_PLAYED(GetWriterComponentsCount, (UINT *))
    NOT_PLAYED(GetWriterComponents, (UINT, IVssWriterComponentsExt **))
    NOT_PLAYED(InitializeForBackup, (BSTR))
    NOT_PLAYED(SetBackupState, (boolean, boolean, VSS_BACKUP_TYPE, boolean))
    NOT_PLAYED(InitializeForRestore, (BSTR))
    NOT_PLAYED(SetRestoreState, (VSS_RESTORE_TYPE))
    NOT_PLAYED(GatherWriterMetadata, (IVssAsync **))
    NOT_PLAYED(GetWriterMetadataCount, (UINT *))
    NOT_PLAYED(GetWriterMetadata, (UINT, VSS_ID *, IVssExamineWriterMetadata **))
    NOT_PLAYED(FreeWriterMetadata, ())
    NOT_PLAYED(AddComponent, (VSS_ID, VSS_ID, VSS_COMPONENT_TYPE, LPCWSTR, LPCWSTR))
    NOT_PLAYED(PrepareForBackup, (IVssAsync **))
    NOT_PLAYED(AbortBackup, ())
    NOT_PLAYED(GatherWriterStatus, (IVssAsync **))
    NOT_PLAYED(GetWriterStatusCount, (UINT *))
    NOT_PLAYED(FreeWriterStatus, ())
    NOT_PLAYED(GetWriterStatus, (UINT, VSS_ID *, VSS_ID *, BSTR *, VSS_WRITER_STATE *, HRESULT *))
    NOT_PLAYED(SetBackupSucceeded, (VSS_ID, VSS_ID, VSS_COMPONENT_TYPE, LPCWSTR, LPCWSTR, boolean))
    NOT_PLAYED(SetBackupOptions, (VSS_ID, VSS_COMPONENT_TYPE, LPCWSTR, LPCWSTR, LPCWSTR))
    NOT_PLAYED(SetSelectedForRestore, (VSS_ID, VSS_COMPONENT_TYPE, LPCWSTR, LPCWSTR, boolean))
    NOT_PLAYED(SetRestoreOptions, (VSS_ID, VSS_COMPONENT_TYPE, LPCWSTR, LPCWSTR, LPCWSTR))
    NOT_PLAYED(SetAdditionalRestores, (VSS_ID, VSS_COMPONENT_TYPE, LPCWSTR, LPCWSTR, boolean))
    NOT_PLAYED(SetPreviousBackupStamp, (VSS_ID, VSS_COMPONENT_TYPE, LPCWSTR, LPCWSTR, LPCWSTR))
    NOT_PLAYED(SaveAsXML, (BSTR *))
    NOT_PLAYED(BackupComplete, (IVssAsync **))
    NOT_PLAYED(AddAlternativeLocationMapping, (VSS_ID, VSS_COMPONENT_TYPE, LPCWSTR, LPCWSTR, LPCWSTR, LPCWSTR, boolean, LPCWSTR))
    NOT_PLAYED(AddRestoreSubcomponent, (VSS_ID, VSS_COMPONENT_TYPE, LPCWSTR, LPCWSTR, LPCWSTR, LPCWSTR, boolean))
    NOT_PLAYED(SetFileRestoreStatus, (VSS_ID, VSS_COMPONENT_TYPE, LPCWSTR, LPCWSTR, VSS_FILE_RESTORE_STATUS))
    NOT_PLAYED(AddNewTarget, (VSS_ID, VSS_COMPONENT_TYPE, LPCWSTR, LPCWSTR, LPCWSTR, LPCWSTR, boolean, LPCWSTR))
    NOT_PLAYED(SetRangesFilePath, (VSS_ID, VSS_COMPONENT_TYPE, LPCWSTR, LPCWSTR, UINT, LPCWSTR))
    NOT_PLAYED(PreRestore, (IVssAsync **))
    NOT_PLAYED(PostRestore, (IVssAsync **))
    NOT_PLAYED(SetContext, (LONG))
    NOT_PLAYED(StartSnapshotSet, (VSS_ID *))
    NOT_PLAYED(AddToSnapshotSet, (VSS_PWSZ, VSS_ID, VSS_ID *))
    NOT_PLAYED(DoSnapshotSet, (IVssAsync **))
    NOT_PLAYED(DeleteSnapshots, (VSS_ID, VSS_OBJECT_TYPE, WINBOOL, LONG *, VSS_ID *))
    NOT_PLAYED(ImportSnapshots, (IVssAsync **))
    NOT_PLAYED(BreakSnapshotSet, (VSS_ID))
    NOT_PLAYED(GetSnapshotProperties, (VSS_ID, VSS_SNAPSHOT_PROP *))
    NOT_PLAYED(Query, (VSS_ID, VSS_OBJECT_TYPE, VSS_OBJECT_TYPE, IVssEnumObject **))
    NOT_PLAYED(IsVolumeSupported, (VSS_ID, VSS_PWSZ, WINBOOL *))
    NOT_PLAYED(DisableWriterClasses, (const VSS_ID *, UINT))
    NOT_PLAYED(EnableWriterClasses, (const VSS_ID *, UINT))
    NOT_PLAYED(DisableWriterInstances, (const VSS_ID *, UINT))
    NOT_PLAYED(ExposeSnapshot, (VSS_ID, VSS_PWSZ, LONG, VSS_PWSZ, VSS_PWSZ *))
    NOT_PLAYED(RevertToSnapshot, (VSS_ID, WINBOOL))
    NOT_PLAYED(QueryRevertStatus, (VSS_PWSZ, IVssAsync **))
    NOT_PLAYED(GetWriterMetadataEx, (UINT, VSS_ID *, IVssExamineWriterMetadataEx **))
    NOT_PLAYED(SetSelectedForRestoreEx, (VSS_ID, VSS_COMPONENT_TYPE, LPCWSTR, LPCWSTR, boolean, VSS_ID))
    NOT_PLAYED(UnexposeSnapshot, (VSS_ID))
    NOT_PLAYED(SetAuthoritativeRestore, (VSS_ID, VSS_COMPONENT_TYPE, LPCWSTR, LPCWSTR, boolean))
    NOT_PLAYED(SetRollForward, (VSS_ID, VSS_COMPONENT_TYPE, LPCWSTR, LPCWSTR, VSS_ROLLFORWARD_TYPE, LPCWSTR))
    NOT_PLAYED(SetRestoreName, (VSS_ID, VSS_COMPONENT_TYPE, LPCWSTR, LPCWSTR, LPCWSTR))
    NOT_PLAYED(BreakSnapshotSetEx, (VSS_ID, DWORD, IVssAsync **))
    NOT_PLAYED(PreFastRecovery, (VSS_ID, DWORD, IVssAsync **))
    NOT_PLAYED(FastRecovery, (VSS_ID, DWORD, IVssAsync **))
    NOT_PLAYED(GetWriterStatusEx, (UINT, VSS_ID *, VSS_ID *, BSTR *, VSS_WRITER_STATE *, HRESULT *, HRESULT *, BSTR *))
    NOT_PLAYED(AddSnapshotToRecoverySet, (VSS_ID, DWORD, VSS_PWSZ))
    NOT_PLAYED(RecoverSet, (DWORD, IVssAsync **))
    NOT_PLAYED(GetSessionId, (VSS_ID *))
    NOT_PLAYED(GetRootAndLogicalPrefixPaths, (VSS_PWSZ, VSS_PWSZ *, VSS_PWSZ *, WINBOOL))
};

class AllOfExamineWriterMetadata : public Counted<IVssExamineWriterMetadataEx2> {
  public:
    NOT_PLAYED(GetIdentity, (VSS_ID *, VSS_ID *, BSTR *, VSS_USAGE_TYPE *, VSS_SOURCE_TYPE *))
    NOT_PLAYED(GetFileCounts, (UINT *, UINT *, UINT *))
    NOT_PLAYED(GetIncludeFile, (UINT, IVssWMFiledesc **))
    NOT_PLAYED(GetExcludeFile, (UINT, IVssWMFiledesc **))
    NOT_PLAYED(GetComponent, (UINT, IVssWMComponent **))
    NOT_PLAYED(GetRestoreMethod, (VSS_RESTOREMETHOD_ENUM *, BSTR *, BSTR *, VSS_WRITERRESTORE_ENUM *, boolean *, UINT *))
    NOT_PLAYED(GetAlternateLocationMapping, (UINT, IVssWMFiledesc **))
    NOT_PLAYED(GetBackupSchema, (DWORD *))
    NOT_PLAYED(GetDocument, (IXMLDOMDocument **))
    NOT_PLAYED(SaveAsXML, (BSTR *))
    NOT_PLAYED(LoadFromXML, (BSTR))
    NOT_PLAYED(GetIdentityEx, (VSS_ID *, VSS_ID *, BSTR *, BSTR *, VSS_USAGE_TYPE *, VSS_SOURCE_TYPE *))
    NOT_PLAYED(GetVersion, (DWORD *, DWORD *))
    NOT_PLAYED(GetExcludeFromSnapshotCount, (UINT *))
    NOT_PLAYED(GetExcludeFromSnapshotFile, (UINT, IVssWMFiledesc **))
};

class AllOfComponent : public Counted<IVssComponentEx2> {
  public:
    NOT_PLAYED(GetLogicalPath, (BSTR *))
    NOT_PLAYED(GetComponentType, (VSS_COMPONENT_TYPE *))
    NOT_PLAYED(GetComponentName, (BSTR *))
    NOT_PLAYED(GetBackupSucceeded, (boolean *))
    NOT_PLAYED(GetAlternateLocationMappingCount, (UINT *))
    NOT_PLAYED(GetAlternateLocationMapping, (UINT, IVssWMFiledesc **))
    NOT_PLAYED(SetBackupMetadata, (LPCWSTR))
    NOT_PLAYED(GetBackupMetadata, (BSTR *))
    NOT_PLAYED(AddPartialFile, (LPCWSTR, LPCWSTR, LPCWSTR, LPCWSTR))
    NOT_PLAYED(GetPartialFileCount, (UINT *))
    NOT_PLAYED(GetPartialFile, (UINT, BSTR *, BSTR *, BSTR *, BSTR *))
    NOT_PLAYED(IsSelectedForRestore, (boolean *))
    NOT_PLAYED(GetAdditionalRestores, (boolean *))
    NOT_PLAYED(GetNewTargetCount, (UINT *))
    NOT_PLAYED(GetNewTarget, (UINT, IVssWMFiledesc **))
    NOT_PLAYED(AddDirectedTarget, (LPCWSTR, LPCWSTR, LPCWSTR, LPCWSTR, LPCWSTR, LPCWSTR))
    NOT_PLAYED(GetDirectedTargetCount, (UINT *))
    NOT_PLAYED(GetDirectedTarget, (UINT, BSTR *, BSTR *, BSTR *, BSTR *, BSTR *, BSTR *))
    NOT_PLAYED(SetRestoreMetadata, (LPCWSTR))
    NOT_PLAYED(GetRestoreMetadata, (BSTR *))
    NOT_PLAYED(SetRestoreTarget, (VSS_RESTORE_TARGET))
    NOT_PLAYED(GetRestoreTarget, (VSS_RESTORE_TARGET *))
    NOT_PLAYED(SetPreRestoreFailureMsg, (LPCWSTR))
    NOT_PLAYED(GetPreRestoreFailureMsg, (BSTR *))
    NOT_PLAYED(SetPostRestoreFailureMsg, (LPCWSTR))
    NOT_PLAYED(GetPostRestoreFailureMsg, (BSTR *))
    NOT_PLAYED(SetBackupStamp, (LPCWSTR))
    NOT_PLAYED(GetBackupStamp, (BSTR *))
    NOT_PLAYED(GetPreviousBackupStamp, (BSTR *))
    NOT_PLAYED(GetBackupOptions, (BSTR *))
    NOT_PLAYED(GetRestoreOptions, (BSTR *))
    NOT_PLAYED(GetRestoreSubcomponentCount, (UINT *))
    NOT_PLAYED(GetRestoreSubcomponent, (UINT, BSTR *, BSTR *, boolean *))
    NOT_PLAYED(GetFileRestoreStatus, (VSS_FILE_RESTORE_STATUS *))
    NOT_PLAYED(AddDifferencedFilesByLastModifyTime, (LPCWSTR, LPCWSTR, WINBOOL, FILETIME))
    NOT_PLAYED(AddDifferencedFilesByLastModifyLSN, (LPCWSTR, LPCWSTR, WINBOOL, BSTR))
    NOT_PLAYED(GetDifferencedFilesCount, (UINT *))
    NOT_PLAYED(GetDifferencedFile, (UINT, BSTR *, BSTR *, WINBOOL *, BSTR *, FILETIME *))
    NOT_PLAYED(SetPrepareForBackupFailureMsg, (LPCWSTR))
    NOT_PLAYED(SetPostSnapshotFailureMsg, (LPCWSTR))
    NOT_PLAYED(GetPrepareForBackupFailureMsg, (BSTR *))
    NOT_PLAYED(GetPostSnapshotFailureMsg, (BSTR *))
    NOT_PLAYED(GetAuthoritativeRestore, (boolean *))
    NOT_PLAYED(GetRollForward, (VSS_ROLLFORWARD_TYPE *, BSTR *))
    NOT_PLAYED(GetRestoreName, (BSTR *))
    NOT_PLAYED(SetFailure, (HRESULT, HRESULT, LPCWSTR, DWORD))
    NOT_PLAYED(GetFailure, (HRESULT *, HRESULT *, BSTR *, DWORD *))
};

#undef NOT_PLAYED
// clang-format on

}  // namespace mock
