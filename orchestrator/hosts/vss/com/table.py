"""The interfaces of VSS as facts: who extends whom, their ids, and their methods in the order of their slots.

From Microsoft's vss.h, vsbackup.h, vswriter.h, vsprov.h and vsadmin.h, compared with those of mingw-w64.

A line that begins at the margin names an interface, what it extends and its id; `+ IUnknown` says that this
one comes second, behind a table of its own at the next pointer. Codes of the arguments, `*` for those that
are filled in for the caller:
  G GUID · G[] array of them · W wide string · B BSTR · b C++ bool (1 byte) · L BOOL (4 bytes) · u i 32-bit
  without and with sign · q Q 64-bit with and without sign · e enumeration · h HRESULT · P any pointer ·
  0 reserved, NULL · NAME** interface · SNAP OBJ the structures of shadow copies and objects ·
  FT FILETIME · VAR VARIANT
"""

from __future__ import annotations

from typing import Final

TABLE: Final = """\
IUnknown : - {00000000-0000-0000-c000-000000000046}
    QueryInterface(G,P*) AddRef() Release()
IVssBackupComponents : IUnknown {665c1d5f-c218-414d-a05d-7fef5f9d5c86}
    GetWriterComponentsCount(u*) GetWriterComponents(u,IVssWriterComponentsExt**) InitializeForBackup(B)
    SetBackupState(b,b,e,b) InitializeForRestore(B) SetRestoreState(e) GatherWriterMetadata(IVssAsync**)
    GetWriterMetadataCount(u*) GetWriterMetadata(u,G*,IVssExamineWriterMetadata**) FreeWriterMetadata()
    AddComponent(G,G,e,W,W) PrepareForBackup(IVssAsync**) AbortBackup() GatherWriterStatus(IVssAsync**)
    GetWriterStatusCount(u*) FreeWriterStatus() GetWriterStatus(u,G*,G*,B*,e*,h*)
    SetBackupSucceeded(G,G,e,W,W,b) SetBackupOptions(G,e,W,W,W) SetSelectedForRestore(G,e,W,W,b)
    SetRestoreOptions(G,e,W,W,W) SetAdditionalRestores(G,e,W,W,b) SetPreviousBackupStamp(G,e,W,W,W)
    SaveAsXML(B*) BackupComplete(IVssAsync**) AddAlternativeLocationMapping(G,e,W,W,W,W,b,W)
    AddRestoreSubcomponent(G,e,W,W,W,W,b) SetFileRestoreStatus(G,e,W,W,e) AddNewTarget(G,e,W,W,W,W,b,W)
    SetRangesFilePath(G,e,W,W,u,W) PreRestore(IVssAsync**) PostRestore(IVssAsync**) SetContext(i)
    StartSnapshotSet(G*) AddToSnapshotSet(W,G,G*) DoSnapshotSet(IVssAsync**) DeleteSnapshots(G,e,L,i*,G*)
    ImportSnapshots(IVssAsync**) BreakSnapshotSet(G) GetSnapshotProperties(G,SNAP*)
    Query(G,e,e,IVssEnumObject**) IsVolumeSupported(G,W,L*) DisableWriterClasses(G[],u)
    EnableWriterClasses(G[],u) DisableWriterInstances(G[],u) ExposeSnapshot(G,W,i,W,W*)
    RevertToSnapshot(G,L) QueryRevertStatus(W,IVssAsync**)
IVssBackupComponentsEx : IVssBackupComponents {963f03ad-9e4c-4a34-ac15-e4b6174e5036}
    GetWriterMetadataEx(u,G*,IVssExamineWriterMetadataEx**) SetSelectedForRestoreEx(G,e,W,W,b,G)
IVssBackupComponentsEx2 : IVssBackupComponentsEx {acfe2b3a-22c9-4ef8-bd03-2f9ca230084e}
    UnexposeSnapshot(G) SetAuthoritativeRestore(G,e,W,W,b) SetRollForward(G,e,W,W,e,W)
    SetRestoreName(G,e,W,W,W) BreakSnapshotSetEx(G,u,IVssAsync**) PreFastRecovery(G,u,IVssAsync**)
    FastRecovery(G,u,IVssAsync**)
IVssBackupComponentsEx3 : IVssBackupComponentsEx2 {c191bfbc-b602-4675-8bd1-67d642f529d5}
    GetWriterStatusEx(u,G*,G*,B*,e*,h*,h*,B*) AddSnapshotToRecoverySet(G,u,W) RecoverSet(u,IVssAsync**)
    GetSessionId(G*)
IVssBackupComponentsEx4 : IVssBackupComponentsEx3 {f434c2fd-b553-4961-a9f9-a8e90b673e53}
    GetRootAndLogicalPrefixPaths(W,W*,W*,L)
IVssAsync : IUnknown {507c37b4-cf5b-4e95-b0af-14eb9767467e}
    Cancel() Wait(u) QueryStatus(h*,0)
IVssEnumObject : IUnknown {ae1c7110-2f60-11d3-8a39-00c04f72d8e3}
    Next(u,OBJ*,u*) Skip(u) Reset() Clone(IVssEnumObject**)
IVssExamineWriterMetadata : IUnknown {902fcf7f-b7fd-42f8-81f1-b2e400b1e5bd}
    GetIdentity(G*,G*,B*,e*,e*) GetFileCounts(u*,u*,u*) GetIncludeFile(u,IVssWMFiledesc**)
    GetExcludeFile(u,IVssWMFiledesc**) GetComponent(u,IVssWMComponent**)
    GetRestoreMethod(e*,B*,B*,e*,b*,u*) GetAlternateLocationMapping(u,IVssWMFiledesc**)
    GetBackupSchema(u*) GetDocument(IXMLDOMDocument**) SaveAsXML(B*) LoadFromXML(B)
IVssExamineWriterMetadataEx : IVssExamineWriterMetadata {0c0e5ec0-ca44-472b-b702-e652db1c0451}
    GetIdentityEx(G*,G*,B*,B*,e*,e*)
IVssExamineWriterMetadataEx2 : IVssExamineWriterMetadataEx {ce115780-a611-431b-b57f-c38303ab6aee}
    GetVersion(u*,u*) GetExcludeFromSnapshotCount(u*) GetExcludeFromSnapshotFile(u,IVssWMFiledesc**)
IVssWMComponent : IUnknown
    GetComponentInfo(P*) FreeComponentInfo(P) GetFile(u,IVssWMFiledesc**)
    GetDatabaseFile(u,IVssWMFiledesc**) GetDatabaseLogFile(u,IVssWMFiledesc**)
    GetDependency(u,IVssWMDependency**)
IVssWMFiledesc : IUnknown
    GetPath(B*) GetFilespec(B*) GetRecursive(b*) GetAlternateLocation(B*) GetBackupTypeMask(u*)
IVssWMDependency : IUnknown
    GetWriterId(G*) GetLogicalPath(B*) GetComponentName(B*)
IVssWriterComponents : -
    GetComponentCount(u*) GetWriterInfo(G*,G*) GetComponent(u,IVssComponent**)
IVssWriterComponentsExt : IVssWriterComponents + IUnknown
IVssComponent : IUnknown {d2c72c96-c121-4518-b627-e5a93d010ead}
    GetLogicalPath(B*) GetComponentType(e*) GetComponentName(B*) GetBackupSucceeded(b*)
    GetAlternateLocationMappingCount(u*) GetAlternateLocationMapping(u,IVssWMFiledesc**)
    SetBackupMetadata(W) GetBackupMetadata(B*) AddPartialFile(W,W,W,W) GetPartialFileCount(u*)
    GetPartialFile(u,B*,B*,B*,B*) IsSelectedForRestore(b*) GetAdditionalRestores(b*)
    GetNewTargetCount(u*) GetNewTarget(u,IVssWMFiledesc**) AddDirectedTarget(W,W,W,W,W,W)
    GetDirectedTargetCount(u*) GetDirectedTarget(u,B*,B*,B*,B*,B*,B*) SetRestoreMetadata(W)
    GetRestoreMetadata(B*) SetRestoreTarget(e) GetRestoreTarget(e*) SetPreRestoreFailureMsg(W)
    GetPreRestoreFailureMsg(B*) SetPostRestoreFailureMsg(W) GetPostRestoreFailureMsg(B*)
    SetBackupStamp(W) GetBackupStamp(B*) GetPreviousBackupStamp(B*) GetBackupOptions(B*)
    GetRestoreOptions(B*) GetRestoreSubcomponentCount(u*) GetRestoreSubcomponent(u,B*,B*,b*)
    GetFileRestoreStatus(e*) AddDifferencedFilesByLastModifyTime(W,W,L,FT)
    AddDifferencedFilesByLastModifyLSN(W,W,L,B) GetDifferencedFilesCount(u*)
    GetDifferencedFile(u,B*,B*,L*,B*,FT*)
IVssComponentEx : IVssComponent {156c8b5e-f131-4bd7-9c97-d1923be7e1fa}
    SetPrepareForBackupFailureMsg(W) SetPostSnapshotFailureMsg(W) GetPrepareForBackupFailureMsg(B*)
    GetPostSnapshotFailureMsg(B*) GetAuthoritativeRestore(b*) GetRollForward(e*,B*) GetRestoreName(B*)
IVssComponentEx2 : IVssComponentEx {3b5be0f2-07a9-4e4b-bdd3-cfdc8e2c0d2d}
    SetFailure(h,h,W,u) GetFailure(h*,h*,B*,u*)
IVssAdmin : IUnknown {77ed5996-2f63-11d3-8a39-00c04f72d8e3}
    RegisterProvider(G,G,W,e,W,G) UnregisterProvider(G) QueryProviders(IVssEnumObject**)
    AbortAllSnapshotsInProgress()
IVssAdminEx : IVssAdmin {7858a9f8-b1fa-41a6-964f-b9b36b8cd8d8}
    GetProviderCapability(G,Q*) GetProviderContext(G,i*) SetProviderContext(G,i)
IVssHardwareSnapshotProvider : IUnknown {9593a157-44e9-4344-bbeb-44fbf9b06b10}
    AreLunsSupported(i,i,P,P,L*) FillInLunInfo(W,P,L*) BeginPrepareSnapshot(G,G,i,i,P,P)
    GetTargetLuns(i,P,P,P) LocateLuns(i,P) OnLunEmpty(W,P)
IVssHardwareSnapshotProviderEx : IVssHardwareSnapshotProvider {7f5ba925-cdb1-4d11-a71f-339eb7e709fd}
    GetProviderCapabilities(Q*) OnLunStateChange(P,P,u,u) ResyncLuns(P,P,u,IVssAsync**)
    OnReuseLuns(P,P,u)
IVssProviderCreateSnapshotSet : IUnknown {5f894e5b-1e39-4778-8e23-9abad9f0e08c}
    EndPrepareSnapshots(G) PreCommitSnapshots(G) CommitSnapshots(G) PostCommitSnapshots(G,i)
    PreFinalCommitSnapshots(G) PostFinalCommitSnapshots(G) AbortSnapshots(G)
IVssProviderNotifications : IUnknown {e561901f-03a5-4afe-86d0-72baeece7004}
    OnLoad(P) OnUnload(L)
IVssSoftwareSnapshotProvider : IUnknown {609e123e-2c5a-44d3-8f01-0b1d9a47d1ff}
    SetContext(i) GetSnapshotProperties(G,SNAP*) Query(G,e,e,IVssEnumObject**)
    DeleteSnapshots(G,e,L,i*,G*) BeginPrepareSnapshot(G,G,W,i) IsVolumeSupported(W,L*)
    IsVolumeSnapshotted(W,L*,i*) SetSnapshotProperty(G,e,VAR) RevertToSnapshot(G)
    QueryRevertStatus(W,IVssAsync**)
"""
